import { checkLengths, checkValues } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/**
 * The area under the receiver operating characteristic: the probability that a positive example scores above a negative
 * one, a tie counting half. Targets are 0 and 1; scores may be probabilities or logits, as only their order counts. NaN
 * while there is one class only. It keeps every score, as the exact area needs them. Fawcett, "An introduction to ROC
 * analysis", 2006.
 *
 * @throws from `update` ShapeError where the lengths differ, NumericError where a target is neither 0 nor 1 or a score
 * is NaN.
 */
export class RocAuc implements StreamingMetric {
  #examples: { readonly score: number; readonly positive: boolean; readonly weight: number }[] = [];

  update(scores: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    checkLengths("RocAuc", scores, targets, weights);
    checkValues("RocAuc", "score", scores, (score) => !Number.isNaN(score), "the model diverged");
    const binary = (target: number): boolean => target === 0 || target === 1;
    checkValues(
      "RocAuc",
      "target",
      targets,
      binary,
      "targets are 0 and 1; measure one class against the rest",
    );
    for (let i = 0; i < targets.length; i++) {
      this.#examples.push({
        score: scores[i]!,
        positive: targets[i] === 1,
        weight: weights ? weights[i]! : 1,
      });
    }
    return this;
  }

  compute(): number {
    const sorted = this.#examples.toSorted((a, b) => (a.score < b.score ? -1 : Number(a.score > b.score)));
    let [below, area, positives] = [0, 0, 0];
    for (let start = 0; start < sorted.length;) {
      // Examples that tie are one step of the curve: half of its negatives count as below its positives.
      let [up, across] = [0, 0];
      let end = start;
      for (; end < sorted.length && sorted[end]!.score === sorted[start]!.score; end++) {
        const { positive, weight } = sorted[end]!;
        if (positive) up += weight;
        else across += weight;
      }
      area += up * (below + across / 2);
      below += across;
      positives += up;
      start = end;
    }
    return area / (positives * below);
  }

  reset(): void {
    this.#examples = [];
  }
}
