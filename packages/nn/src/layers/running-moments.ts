import { customGradient, gradient, realizeSync, zeros, type Dtype, type Tensor } from "@chainrule/core";
import { ones as initOnes, zeros as initZeros } from "../init/constant.ts";
import { Buffer } from "../parameter.ts";
import { momentsOf, standardize } from "./standardize.ts";

/**
 * Mean and variance of what passed through in training, for evaluation.
 *
 * Nothing that a hand-written training loop computes depends on running statistics, so that left alone they would stay
 * lazy, and hold every batch since they were last read. Hence the moments of each batch are stored when its output is
 * computed, as a variable's value would be; the running ones need no more than them.
 */
export class RunningMoments {
  /** The running mean, [features]; 0 at first. */
  readonly mean: Buffer;
  /** The running variance, [features]; 1 at first. */
  readonly variance: Buffer;
  /** Batches seen, an int32 scalar; 0 where they are not counted. */
  readonly batches: Buffer;
  /** Share of a new batch; null for the mean of all batches. */
  readonly momentum: number | null;
  readonly #counts: boolean;
  /** The moments of the batch before. */
  #last: readonly Tensor[] = [];

  /** @param counts whether batches are counted, which a mean of all needs. */
  constructor(features: number, momentum: number | null, dtype: Dtype = "float32", counts = true) {
    this.mean = new Buffer(initZeros()([features], { dtype }));
    this.variance = new Buffer(initOnes()([features], { dtype }));
    this.batches = new Buffer(zeros([], { dtype: "int32" }));
    this.momentum = momentum;
    this.#counts = counts;
  }

  /** Under the names that PyTorch gives them. */
  named(): [string, Buffer][] {
    return [
      ["running_mean", this.mean],
      ["running_var", this.variance],
      ["num_batches_tracked", this.batches],
    ];
  }

  /** x standardised by the running moments, along axis 1. */
  evaluate(x: Tensor, eps: number): Tensor {
    const channels = [x.shape[1]!, ...x.shape.slice(2).map(() => 1)];
    return standardize(x, this.mean.reshape(channels), this.variance.reshape(channels), eps);
  }

  /**
   * x standardised by its own moments over `axes`, which the running ones are moved toward: all but axis 1, or all but
   * axes 0 and 1, whose mean over the examples they then follow.
   */
  standardize(x: Tensor, axes: readonly number[], eps: number): Tensor {
    this.#settle();
    const { mean, variance } = momentsOf(x, axes);
    if (this.#counts) this.batches.assign(this.batches.add(1));
    const keptMean = this.#keep(mean);
    const keptVariance = this.#keep(variance);
    this.#update(perFeature(keptMean), perFeature(keptVariance), x.size / mean.size);
    if (this.#live) this.#last = [keptMean, keptVariance];
    const exact = standardize(x, mean, variance, eps);
    return customGradient(
      () => standardize(x, keptMean, keptVariance, eps),
      (upstream) => gradient(exact, [x], { upstream }),
    )(x);
  }

  /** Whether a variable's graph is kept from call to call: not while a function is captured. */
  get #live(): boolean {
    return this.mean.node.owned;
  }

  /** The value, stored whenever it is computed. */
  #keep(moment: Tensor): Tensor {
    const kept = moment.stopGradient();
    kept.node.owned = this.#live;
    return kept;
  }

  /** Moves the running moments toward a batch's, of `count` values a feature. */
  #update(mean: Tensor, variance: Tensor, count: number): void {
    const share: Tensor | number = this.momentum ?? this.batches.cast(this.mean.dtype).reciprocal();
    const toward = (running: Tensor, batch: Tensor): Tensor => running.add(batch.sub(running).mul(share));
    this.mean.assign(toward(this.mean, mean));
    this.variance.assign(toward(this.variance, variance.mul(count / (count - 1))));
  }

  /** Computes the running moments where all that they need is stored, so that no chain of updates grows. */
  #settle(): void {
    if (!this.#live || this.#last.length === 0) return;
    if (this.#last.some(({ node }) => node.storage === null)) return;
    realizeSync(this.mean, this.variance, this.batches);
    this.#last = [];
  }
}

/** Moments [1 or N, C, 1, …] as one for each feature: the mean over the examples. */
const perFeature = (moment: Tensor): Tensor =>
  (moment.shape[0] === 1 ? moment : moment.mean(0)).reshape(moment.shape[1]!);
