import { ShapeError, type Dtype, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { ChannelNorm } from "./channel-norm.ts";
import { axesBetween } from "./spatial.ts";

/** Options of BatchNorm1d and BatchNorm2d. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Share of the new batch in the running statistics, or null for the mean of all batches; 0.1 unless given. */
  readonly momentum?: number | null;
  /** Whether a scale and a shift are learned; true unless given. */
  readonly affine?: boolean;
  /** Whether statistics are kept for evaluation, which otherwise takes those of its batch; true unless given. */
  readonly trackRunningStats?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

const sequences: ReadonlyMap<number, string> = new Map([
  [2, ""],
  [3, ", L"],
]);
const images: ReadonlyMap<number, string> = new Map([[4, ", H, W"]]);

/** What BatchNorm1d and BatchNorm2d share. */
abstract class BatchNorm extends ChannelNorm {
  readonly #layer: string;
  /** The inputs that it takes, by their number of axes. */
  readonly #inputs: ReadonlyMap<number, string>;

  constructor(
    layer: string,
    inputs: ReadonlyMap<number, string>,
    features: number,
    options: BatchNormOptions,
  ) {
    const { affine = true, trackRunningStats = true, momentum = 0.1 } = options;
    super(layer, features, { ...options, affine, trackRunningStats, momentum, countsBatches: true });
    this.#layer = layer;
    this.#inputs = inputs;
  }

  protected override check(x: Tensor): void {
    const shape = `[${x.shape.join(", ")}]`;
    if (!this.#inputs.has(x.rank) || x.shape[1] !== this.features) {
      const taken = [...this.#inputs.values()].map((axes) => `[N, ${this.features}${axes}]`);
      throw new ShapeError(
        `${this.#layer}(${this.features}): the input must be ${taken.join(" or ")}, but its shape is ${shape}`,
      );
    }
    if (this.training && sizeOf(x.shape) === this.features) {
      throw new ShapeError(
        `${this.#layer}(${this.features}): a batch of one value a feature, ${shape}, has no variance to train on; ` +
          `give more examples (drop a last batch of one), or call eval()`,
      );
    }
  }

  protected override axesOf(x: Tensor): readonly number[] {
    return [0, ...axesBetween(2, x.rank)];
  }
}

/**
 * Standardises each feature over the batch: y = (x − E[x]) / √(Var[x] + eps)·w + b, for x [N, C] or [N, C, L], with
 * statistics over all axes but C and w, b [C]. Training takes the batch's mean and population variance and moves the
 * running ones toward them, r ← (1 − momentum)·r + momentum·(mean, sample variance); evaluation takes the running
 * ones. Ioffe and Szegedy, "Batch normalization", ICML 2015.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError where the input is not
 * [N, features] or [N, features, L], or where a batch in training has one value a feature: it has no variance.
 */
export class BatchNorm1d extends BatchNorm {
  constructor(features: number, options: BatchNormOptions = {}) {
    super("BatchNorm1d", sequences, features, options);
  }
}

/**
 * Standardises each channel of images [N, C, H, W] over the batch and both spatial axes: as `BatchNorm1d`.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError where the input is not
 * [N, features, H, W], or where a batch in training has one value a channel.
 */
export class BatchNorm2d extends BatchNorm {
  constructor(features: number, options: BatchNormOptions = {}) {
    super("BatchNorm2d", images, features, options);
  }
}
