import { checkLengths } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/**
 * The share of the targets' variance that the predictions explain: R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)². 1 is perfect, 0 is as
 * good as the mean, and it may be negative. Where all targets are alike it is 1 for exact predictions and else 0; NaN
 * below two examples. As scikit-learn, of one output.
 *
 * @throws ShapeError from `update`, where the lengths differ.
 */
export class R2Score implements StreamingMetric {
  #examples = 0;
  #total = 0;
  #mean = 0;
  /** Σ(y − ȳ)² of the targets so far, kept by Welford's updates, which do not cancel. */
  #spread = 0;
  #residual = 0;

  update(predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    checkLengths("R2Score", predicted, targets, weights);
    for (let i = 0; i < targets.length; i++) {
      const [weight, target] = [weights ? weights[i]! : 1, targets[i]!];
      this.#examples++;
      this.#residual += weight * (target - predicted[i]!) ** 2;
      if (weight === 0) continue;
      this.#total += weight;
      const before = target - this.#mean;
      this.#mean += (weight / this.#total) * before;
      this.#spread += weight * before * (target - this.#mean);
    }
    return this;
  }

  compute(): number {
    if (this.#examples < 2) return Number.NaN;
    if (this.#spread === 0) return this.#residual === 0 ? 1 : 0;
    return 1 - this.#residual / this.#spread;
  }

  reset(): void {
    this.#examples = 0;
    this.#total = 0;
    this.#mean = 0;
    this.#spread = 0;
    this.#residual = 0;
  }
}
