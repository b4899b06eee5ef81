import { IndexError, NumericError } from "@chainrule/core";
import { checkValues, checkWeights, rowLength } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/** How far from 1 the probabilities of an example may add up: float32 rounding over many classes. */
const slack = 1e-3;

/**
 * The mean negative logarithm of the probability given to what was true, by weight where weights are given; NaN before
 * the first. Probabilities are those of class 1, one an example, or rows [N, classes] one after another. They are kept
 * to [ε, 1 − ε] with ε the spacing of the array's numbers at 1, 2⁻²³ for a Float32Array, else 2⁻⁵², as scikit-learn.
 *
 * @throws from `update` NumericError where a value is no probability or a row does not add up to 1, as logits do not;
 * IndexError where a target is not a class, ShapeError where the probabilities are no rows.
 */
export class LogLoss implements StreamingMetric {
  #cost = 0;
  #total = 0;

  update(probabilities: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    const columns = rowLength("LogLoss", probabilities, targets);
    checkWeights("LogLoss", targets, weights);
    const within = (p: number): boolean => p >= 0 && p <= 1;
    checkValues(
      "LogLoss",
      "probability",
      probabilities,
      within,
      "probabilities are in [0, 1]; take softmax or sigmoid of logits first",
    );
    const classes = Math.max(columns, 2);
    for (let i = 0; i < targets.length; i++) {
      checkTarget(targets[i]!, i, classes);
      if (columns > 1) checkRow(probabilities, i, columns);
    }
    const eps = probabilities instanceof Float32Array ? 2 ** -23 : 2 ** -52;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      const given = columns > 1 ? probabilities[i * columns + target]! : probabilities[i]!;
      const p = columns > 1 || target === 1 ? given : 1 - given;
      const weight = weights ? weights[i]! : 1;
      this.#cost -= weight * Math.log(Math.min(1 - eps, Math.max(eps, p)));
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

function checkTarget(target: number, index: number, classes: number): void {
  if (Number.isInteger(target) && target >= 0 && target < classes) return;
  throw new IndexError(`LogLoss: target ${target} at ${index} is not a class; there are 0 … ${classes - 1}`);
}

function checkRow(probabilities: ArrayLike<number>, row: number, columns: number): void {
  let sum = 0;
  for (let c = 0; c < columns; c++) sum += probabilities[row * columns + c]!;
  if (Math.abs(sum - 1) <= slack) return;
  throw new NumericError(
    `LogLoss: the probabilities of example ${row} add up to ${sum}, not 1; take softmax of logits first`,
  );
}
