import type { Dtype, Shape, Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { scaleChannels } from "./channels.ts";
import { RunningMoments } from "./running-moments.ts";
import { momentsOf, standardize } from "./standardize.ts";

/** What a layer that standardises channels is made with. */
interface ChannelNormSettings {
  readonly eps?: number | undefined;
  /** Whether a scale and a shift are learned. */
  readonly affine: boolean;
  /** Whether statistics are kept, and evaluation takes them. */
  readonly trackRunningStats: boolean;
  /** Share of a new batch in the running statistics; null for the mean of all. */
  readonly momentum: number | null;
  /** Whether the running statistics count the batches. */
  readonly countsBatches: boolean;
  readonly dtype?: Dtype | undefined;
}

/** What the batch and instance norms share: axis 1 standardised by statistics of the input, or by running ones. */
export abstract class ChannelNorm extends Module {
  readonly features: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  /** The statistics of evaluation; null where none are kept. */
  readonly running: RunningMoments | null;

  constructor(layer: string, features: number, settings: ChannelNormSettings) {
    super();
    checkSizes(layer, { features });
    const { eps = 1e-5, affine, trackRunningStats, momentum, countsBatches, dtype = "float32" } = settings;
    this.features = features;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([features], { dtype })) : null;
    this.bias = affine ? new Parameter(zeros()([features], { dtype })) : null;
    this.running = trackRunningStats ? new RunningMoments(features, momentum, dtype, countsBatches) : null;
  }

  /** Throws a ShapeError unless x can be standardised. */
  protected abstract check(x: Tensor): void;

  /** The axes over which x's own statistics are taken. */
  protected abstract axesOf(x: Tensor): readonly number[];

  override forward(x: Tensor): Tensor {
    this.check(x);
    return scaleChannels(this.#standardized(x), this.weight, this.bias);
  }

  #standardized(x: Tensor): Tensor {
    const { running, eps } = this;
    if (running && !this.training) return running.evaluate(x, eps);
    const axes = this.axesOf(x);
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
