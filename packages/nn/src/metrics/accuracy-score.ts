import { checkLengths } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/**
 * The share of examples whose class was predicted, by weight where weights are given; NaN before the first.
 *
 * @throws ShapeError from `update`, where the lengths differ.
 */
export class Accuracy implements StreamingMetric {
  #right = 0;
  #total = 0;

  update(predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    checkLengths("Accuracy", predicted, targets, weights);
    for (let i = 0; i < targets.length; i++) {
      const weight = weights ? weights[i]! : 1;
      this.#total += weight;
      if (predicted[i] === targets[i]) this.#right += weight;
    }
    return this;
  }

  compute(): number {
    return this.#right / this.#total;
  }

  reset(): void {
    this.#right = 0;
    this.#total = 0;
  }
}
