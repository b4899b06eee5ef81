import { ShapeError, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { scaleChannels } from "./channels.ts";
import { RunningMoments } from "./running-moments.ts";
import { axesBetween } from "./spatial.ts";
import { momentsOf, standardize } from "./standardize.ts";

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
abstract class BatchNorm extends Module {
  readonly features: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  /** The statistics of evaluation; null where none are kept. */
  readonly running: RunningMoments | null;
  readonly #layer: string;
  /** The inputs that it takes, by their number of axes. */
  readonly #inputs: ReadonlyMap<number, string>;

  constructor(
    layer: string,
    inputs: ReadonlyMap<number, string>,
    features: number,
    options: BatchNormOptions,
  ) {
    super();
    checkSizes(layer, { features });
    this.#layer = layer;
    this.#inputs = inputs;
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, dtype } = options;
    this.features = features;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([features], options)) : null;
    this.bias = affine ? new Parameter(zeros()([features], options)) : null;
    this.running = trackRunningStats ? new RunningMoments(features, momentum, dtype) : null;
  }

  override forward(x: Tensor): Tensor {
    if (!this.#inputs.has(x.rank) || x.shape[1] !== this.features) {
      const taken = [...this.#inputs.values()].map((axes) => `[N, ${this.features}${axes}]`);
      throw new ShapeError(
        `${this.#layer}(${this.features}): the input must be ${taken.join(" or ")}, ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    return scaleChannels(this.#standardized(x), this.weight, this.bias);
  }

  #standardized(x: Tensor): Tensor {
    const { running, eps } = this;
    if (running && !this.training) return running.evaluate(x, eps);
    if (this.training && sizeOf(x.shape) === this.features) {
      throw new ShapeError(
        `${this.#layer}(${this.features}): a batch of one value a feature, [${x.shape.join(", ")}], has no variance to ` +
          `train on; give more examples (drop a last batch of one), or call eval()`,
      );
    }
    const axes = [0, ...axesBetween(2, x.rank)];
    if (running) return running.standardize(x, axes, eps);
    const { mean, variance } = momentsOf(x, axes);
    return standardize(x, mean, variance, eps);
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    return [...super.members(), ...(this.running?.named() ?? [])];
  }

  protected override describe(): string {
    const momentum = this.running ? `, momentum=${this.running.momentum}` : "";
    return `${this.features}, eps=${this.eps}${momentum}, affine=${this.weight !== null}`;
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
