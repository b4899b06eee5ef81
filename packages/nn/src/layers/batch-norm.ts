import { ShapeError, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter, type Buffer } from "../parameter.ts";
import { RunningMoments } from "./running-moments.ts";
import { momentsOf, standardize } from "./standardize.ts";

/** Options of BatchNorm1d. */
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

/**
 * Standardises each feature over the batch: y = (x − E[x]) / √(Var[x] + eps)·w + b, for x [N, C] or [N, C, L], with
 * statistics over all axes but C and w, b [C]. Training takes the batch's mean and population variance and moves the
 * running ones toward them, r ← (1 − momentum)·r + momentum·(mean, sample variance); evaluation takes the running
 * ones. Ioffe and Szegedy, "Batch normalization", ICML 2015.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError where the input is not
 * [N, features] or [N, features, L], or where a batch in training has one value a feature: it has no variance.
 */
export class BatchNorm1d extends Module {
  readonly features: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  /** The statistics of evaluation; null where none are kept. */
  readonly running: RunningMoments | null;

  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    checkSizes("BatchNorm1d", { features });
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, dtype } = options;
    this.features = features;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([features], options)) : null;
    this.bias = affine ? new Parameter(zeros()([features], options)) : null;
    this.running = trackRunningStats ? new RunningMoments(features, momentum, dtype) : null;
  }

  override forward(x: Tensor): Tensor {
    if ((x.rank !== 2 && x.rank !== 3) || x.shape[1] !== this.features) {
      throw new ShapeError(
        `BatchNorm1d(${this.features}): the input must be [N, ${this.features}] or [N, ${this.features}, L], ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const channels = x.rank === 2 ? [this.features] : [this.features, 1];
    const y = this.#standardized(x, channels);
    const scaled = this.weight ? y.mul(this.weight.reshape(channels)) : y;
    return this.bias ? scaled.add(this.bias.reshape(channels)) : scaled;
  }

  #standardized(x: Tensor, channels: Shape): Tensor {
    const { running, eps } = this;
    if (running && !this.training) {
      const { mean, variance } = running;
      return standardize(x, mean.reshape(channels), variance.reshape(channels), eps);
    }
    if (this.training && sizeOf(x.shape) === this.features) {
      throw new ShapeError(
        `BatchNorm1d(${this.features}): a batch of one value a feature, [${x.shape.join(", ")}], has no variance to ` +
          `train on; give more examples (drop a last batch of one), or call eval()`,
      );
    }
    const axes = x.rank === 2 ? [0] : [0, 2];
    if (running) return running.standardize(x, axes, eps);
    const { mean, variance } = momentsOf(x, axes);
    return standardize(x, mean, variance, eps);
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  /** The names that PyTorch gives them. */
  protected override members(): Iterable<readonly [string, unknown]> {
    const statistics: [string, Buffer][] = this.running
      ? [
          ["running_mean", this.running.mean],
          ["running_var", this.running.variance],
          ["num_batches_tracked", this.running.batches],
        ]
      : [];
    return [...super.members(), ...statistics];
  }

  protected override describe(): string {
    const momentum = this.running ? `, momentum=${this.running.momentum}` : "";
    return `${this.features}, eps=${this.eps}${momentum}, affine=${this.weight !== null}`;
  }
}
