import { ShapeError, type Dtype, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { ChannelNorm } from "./channel-norm.ts";
import { axesBetween } from "./spatial.ts";

/** Options of InstanceNorm. */
export interface InstanceNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Whether a scale and a shift are learned; false unless given, as in PyTorch. */
  readonly affine?: boolean;
  /** Whether statistics are kept, and evaluation takes them; false unless given, as in PyTorch. */
  readonly trackRunningStats?: boolean;
  /** Share of a new batch in the running statistics; 0.1 unless given. */
  readonly momentum?: number;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * Standardises each channel of each example over its spatial axes, y = (x − E[x]) / √(Var[x] + eps)·w + b, for x
 * [N, C, ...] and w, b [C]: PyTorch's InstanceNorm1d, 2d and 3d. With `trackRunningStats` training moves running
 * statistics toward those of its examples, r ← (1 − momentum)·r + momentum·(E[x], sample variance) with their mean over
 * the batch, and evaluation standardises by the running ones. Ulyanov et al., "Instance normalization", 2016.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError unless x is [N, features, ...]
 * with more than one element a channel, where its own statistics are taken.
 */
export class InstanceNorm extends ChannelNorm {
  constructor(features: number, options: InstanceNormOptions = {}) {
    const { affine = false, trackRunningStats = false, momentum = 0.1 } = options;
    // PyTorch's has a count of batches in its state, but leaves it at 0.
    const settings = { ...options, affine, trackRunningStats, momentum, countsBatches: false };
    super("InstanceNorm", features, settings);
  }

  protected override check(x: Tensor): void {
    const least = this.running && !this.training ? 1 : 2;
    if (x.rank < 3 || x.shape[1] !== this.features || sizeOf(x.shape.slice(2)) < least) {
      throw new ShapeError(
        `InstanceNorm(${this.features}): the input must be [N, ${this.features}, ...] with more than one element a ` +
          `channel, but its shape is [${x.shape.join(", ")}]`,
      );
    }
  }

  protected override axesOf(x: Tensor): readonly number[] {
    return axesBetween(2, x.rank);
  }
}
