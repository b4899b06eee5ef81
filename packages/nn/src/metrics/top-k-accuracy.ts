import { IndexError, OptionError } from "@chainrule/core";
import { checkValues, checkWeights, rowLength } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/**
 * The share of examples whose true class is among the k highest scores, by weight where weights are given; NaN before
 * the first. Scores are rows [N, classes] one after another, as `data()` gives them. Among equal scores the higher
 * class comes first, as in scikit-learn.
 *
 * @throws OptionError unless k is a whole number ≥ 1; from `update` ShapeError where the scores are no rows, IndexError
 * where a target is not a class, NumericError where a score is NaN.
 */
export class TopKAccuracy implements StreamingMetric {
  readonly k: number;
  #right = 0;
  #total = 0;

  constructor(k: number = 2) {
    if (!Number.isInteger(k) || k < 1) {
      throw new OptionError(`TopKAccuracy: k must be a whole number ≥ 1, not ${k}`);
    }
    this.k = k;
  }

  update(scores: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    const classes = rowLength("TopKAccuracy", scores, targets);
    checkWeights("TopKAccuracy", targets, weights);
    checkValues("TopKAccuracy", "score", scores, (score) => !Number.isNaN(score), "the model diverged");
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (Number.isInteger(target) && target >= 0 && target < classes) continue;
      throw new IndexError(
        `TopKAccuracy: target ${target} at ${i} is not a class; there are 0 … ${classes - 1}`,
      );
    }
    for (let i = 0; i < targets.length; i++) {
      const weight = weights ? weights[i]! : 1;
      this.#total += weight;
      if (placeOf(scores, i * classes, classes, targets[i]!) < this.k) this.#right += weight;
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

/** How many classes of a row come before `target`. */
function placeOf(scores: ArrayLike<number>, start: number, classes: number, target: number): number {
  const own = scores[start + target]!;
  let place = 0;
  for (let c = 0; c < classes; c++) {
    const score = scores[start + c]!;
    if (score > own || (score === own && c > target)) place++;
  }
  return place;
}
