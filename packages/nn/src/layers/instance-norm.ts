import { ShapeError, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { scaleChannels } from "./channels.ts";
import { RunningMoments } from "./running-moments.ts";
import { axesBetween } from "./spatial.ts";
import { momentsOf, standardize } from "./standardize.ts";

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
export class InstanceNorm extends Module {
  readonly features: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  /** The statistics of evaluation; null where none are kept. */
  readonly running: RunningMoments | null;

  constructor(features: number, options: InstanceNormOptions = {}) {
    super();
    checkSizes("InstanceNorm", { features });
    const { eps = 1e-5, affine = false, trackRunningStats = false, momentum = 0.1, dtype } = options;
    this.features = features;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([features], options)) : null;
    this.bias = affine ? new Parameter(zeros()([features], options)) : null;
    // PyTorch's has a count of batches in its state, but leaves it at 0.
    this.running = trackRunningStats ? new RunningMoments(features, momentum, dtype, false) : null;
  }

  override forward(x: Tensor): Tensor {
    const least = this.running && !this.training ? 1 : 2;
    if (x.rank < 3 || x.shape[1] !== this.features || sizeOf(x.shape.slice(2)) < least) {
      throw new ShapeError(
        `InstanceNorm(${this.features}): the input must be [N, ${this.features}, ...] with more than one element a ` +
          `channel, but its shape is [${x.shape.join(", ")}]`,
      );
    }
    return scaleChannels(this.#standardized(x), this.weight, this.bias);
  }

  #standardized(x: Tensor): Tensor {
    const { running, eps } = this;
    if (running && !this.training) return running.evaluate(x, eps);
    const axes = axesBetween(2, x.rank);
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
