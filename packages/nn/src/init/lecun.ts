import type { Shape } from "@chainrule/core";
import { fanInAndFanOut } from "./fan.ts";
import type { Initializer } from "./initializer.ts";
import { normal } from "./normal.ts";
import { uniform } from "./uniform.ts";

/** How wide LeCun's initialisers are. */
export interface LecunOptions {
  /** 1 unless given; see `calculateGain`. */
  readonly gain?: number;
}

/** gain / √fanIn, the standard deviation that both forms have. */
const deviation = (shape: Shape, { gain = 1 }: LecunOptions): number =>
  gain / Math.sqrt(fanInAndFanOut(shape).fanIn);

/**
 * Uniform in ±gain · √(3 / fanIn): keeps the variance of activations. LeCun et al., "Efficient backprop", 1998.
 *
 * @throws ShapeError below rank 2.
 */
export const lecunUniform =
  (options: LecunOptions = {}): Initializer =>
  (shape, tensorOptions) => {
    const bound = Math.sqrt(3) * deviation(shape, options);
    return uniform(-bound, bound)(shape, tensorOptions);
  };

/** Normal with mean 0 and standard deviation gain / √fanIn, which SELU asks for; see `lecunUniform`. */
export const lecunNormal =
  (options: LecunOptions = {}): Initializer =>
  (shape, tensorOptions) =>
    normal(0, deviation(shape, options))(shape, tensorOptions);
