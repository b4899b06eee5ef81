import { checkLengths } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/** The mean of a cost of each error, by weight where weights are given; NaN before the first. */
abstract class MeanError implements StreamingMetric {
  #cost = 0;
  #total = 0;

  /** What an error of `difference` costs. */
  protected abstract costOf(difference: number): number;

  update(predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    checkLengths(this.constructor.name, predicted, targets, weights);
    for (let i = 0; i < targets.length; i++) {
      const weight = weights ? weights[i]! : 1;
      this.#cost += weight * this.costOf(predicted[i]! - targets[i]!);
      this.#total += weight;
    }
    return this;
  }

  compute(): number {
    return this.#cost / this.#total;
  }

  reset(): void {
    this.#cost = 0;
    this.#total = 0;
  }
}

/**
 * The mean of |prediction − target|, by weight where weights are given; NaN before the first.
 *
 * @throws ShapeError from `update`, where the lengths differ.
 */
export class MeanAbsoluteError extends MeanError {
  protected override costOf(difference: number): number {
    return Math.abs(difference);
  }
}

/**
 * The mean of (prediction − target)², by weight where weights are given; NaN before the first.
 *
 * @throws ShapeError from `update`, where the lengths differ.
 */
export class MeanSquaredError extends MeanError {
  protected override costOf(difference: number): number {
    return difference ** 2;
  }
}
