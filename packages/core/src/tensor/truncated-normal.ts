import { hostMath } from "../backend/host-math.ts";
import { OptionError } from "../errors.ts";
import { erfinv } from "../ops/erfinv.ts";
import type { Shape } from "../shape.ts";
import { checkDraw, scaled, unit, type NormalOptions } from "./random.ts";
import { Tensor } from "./tensor.ts";

export interface TruncatedNormalOptions extends NormalOptions {
  /** Bounds on the result itself, not in standard deviations. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * Normal numbers kept to [low, high] ([−2, 2] where not given) by inverting the distribution function, as PyTorch's
 * trunc_normal_; otherwise as `random.normal`.
 *
 * @throws OptionError unless low < high and std > 0.
 */
export function truncatedNormal(shape: Shape, options: TruncatedNormalOptions = {}): Tensor {
  const { mean = 0, std = 1, low = -2, high = 2, dtype = "float32", generator } = options;
  checkDraw("truncatedNormal", shape, dtype);
  if (!(low < high) || !(std > 0)) {
    throw new OptionError(`truncatedNormal: low < high and std > 0, not ${low}, ${high} and ${std}`);
  }
  const from = hostMath.erf((low - mean) / std / Math.SQRT2);
  const to = hostMath.erf((high - mean) / std / Math.SQRT2);
  const standard = erfinv(scaled(unit(generator, shape, dtype), to - from, from));
  const drawn = new Tensor(scaled(standard, std * Math.SQRT2, mean));
  return drawn.clip(low, high);
}
