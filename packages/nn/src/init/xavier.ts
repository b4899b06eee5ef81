import type { Shape } from "@chainrule/core";
import { fanInAndFanOut } from "./fan.ts";
import type { Initializer } from "./initializer.ts";
import { normal } from "./normal.ts";
import { uniform } from "./uniform.ts";

/** How wide Xavier's initialisers are. */
export interface XavierOptions {
  /** 1 unless given; see `calculateGain`. */
  readonly gain?: number;
}

/** √(2 / (fanIn + fanOut)) · gain, the standard deviation that both forms have. */
function deviation(shape: Shape, { gain = 1 }: XavierOptions): number {
  const { fanIn, fanOut } = fanInAndFanOut(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Uniform in ±gain · √(6 / (fanIn + fanOut)): keeps the variance of activations and gradients about equal from layer
 * to layer. Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
 * AISTATS 2010.
 */
export const xavierUniform =
  (options: XavierOptions = {}): Initializer =>
  (shape, tensorOptions) => {
    const bound = Math.sqrt(3) * deviation(shape, options);
    return uniform(-bound, bound)(shape, tensorOptions);
  };

/** Normal with mean 0 and standard deviation gain · √(2 / (fanIn + fanOut)); see `xavierUniform`. */
export const xavierNormal =
  (options: XavierOptions = {}): Initializer =>
  (shape, tensorOptions) =>
    normal(0, deviation(shape, options))(shape, tensorOptions);

export { xavierNormal as glorotNormal, xavierUniform as glorotUniform };
