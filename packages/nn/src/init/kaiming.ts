import { OptionError, type Shape } from "@chainrule/core";
import { fanInAndFanOut, type FanMode } from "./fan.ts";
import { calculateGain, type Nonlinearity } from "./gain.ts";
import type { Initializer } from "./initializer.ts";
import { normal } from "./normal.ts";
import { uniform } from "./uniform.ts";

/** How wide Kaiming's initialisers are. */
export interface KaimingOptions {
  /** "fanIn" unless given. */
  readonly mode?: FanMode;
  /** What follows the layer: "leakyReLU" unless given, which with slope 0 is ReLU. */
  readonly nonlinearity?: Nonlinearity;
  /** Slope of the leaky ReLU; 0 unless given. */
  readonly a?: number;
}

/** gain / √fan, the standard deviation that both forms have. */
function deviation(
  shape: Shape,
  { mode = "fanIn", nonlinearity = "leakyReLU", a = 0 }: KaimingOptions,
): number {
  const fans = fanInAndFanOut(shape);
  if (!Object.hasOwn(fans, mode)) {
    throw new OptionError(`kaiming: unknown mode ${JSON.stringify(mode)}; there are fanIn, fanOut`);
  }
  return calculateGain(nonlinearity, a) / Math.sqrt(fans[mode]);
}

/**
 * Uniform in ±gain · √(3 / fan): keeps the variance through rectifiers. He et al., "Delving deep into rectifiers",
 * ICCV 2015.
 *
 * @throws OptionError for an unknown mode or nonlinearity, ShapeError below rank 2.
 */
export const kaimingUniform =
  (options: KaimingOptions = {}): Initializer =>
  (shape, tensorOptions) => {
    const bound = Math.sqrt(3) * deviation(shape, options);
    return uniform(-bound, bound)(shape, tensorOptions);
  };

/** Normal with mean 0 and standard deviation gain / √fan; see `kaimingUniform`. */
export const kaimingNormal =
  (options: KaimingOptions = {}): Initializer =>
  (shape, tensorOptions) =>
    normal(0, deviation(shape, options))(shape, tensorOptions);

export { kaimingNormal as heNormal, kaimingUniform as heUniform };
