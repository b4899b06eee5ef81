import { IndexError, OptionError, ShapeError } from "@chainrule/core";
import { formatTable } from "../table.ts";

/**
 * How often each class was taken for each, gathered batch by batch on the host.
 *
 * @throws OptionError unless `classes` is a whole number ≥ 1 or a list of names.
 */
export class ConfusionMatrix {
  /** Names of the classes, by index. */
  readonly classes: readonly string[];
  readonly #counts: number[][];

  constructor(classes: number | readonly string[]) {
    if (typeof classes === "number" ? !Number.isInteger(classes) || classes < 1 : classes.length === 0) {
      throw new OptionError(
        `ConfusionMatrix: there must be at least one class, not ${JSON.stringify(classes)}`,
      );
    }
    this.classes =
      typeof classes === "number" ? Array.from({ length: classes }, (_, i) => String(i)) : classes;
    this.#counts = this.classes.map(() => this.classes.map(() => 0));
  }

  /**
   * Counts a batch of predicted classes against the true ones.
   *
   * @throws ShapeError where the lengths differ, IndexError where a value is not a class; nothing is counted then.
   */
  update(predicted: ArrayLike<number>, labels: ArrayLike<number>): this {
    if (predicted.length !== labels.length) {
      throw new ShapeError(`ConfusionMatrix: ${predicted.length} predictions for ${labels.length} labels`);
    }
    for (const [kind, values] of [
      ["prediction", predicted],
      ["label", labels],
    ] as const) {
      for (let i = 0; i < values.length; i++) {
        if (this.classes[values[i]!] === undefined) {
          throw new IndexError(
            `ConfusionMatrix: ${kind} ${values[i]} at ${i} is not a class; there are 0 … ${this.classes.length - 1}`,
          );
        }
      }
    }
    for (let i = 0; i < labels.length; i++) this.#counts[labels[i]!]![predicted[i]!]!++;
    return this;
  }

  /** `counts[true class][predicted class]`. */
  get counts(): readonly (readonly number[])[] {
    return this.#counts;
  }

  /** Examples counted. */
  get total(): number {
    return sum(this.#counts.map(sum));
  }

  /** The share that was right; NaN before the first update. */
  get accuracy(): number {
    return sum(this.#counts.map((row, i) => row[i]!)) / this.total;
  }

  /** Of those taken for each class, the share that was of it; NaN where none was. */
  get precision(): number[] {
    return this.#counts.map((row, i) => row[i]! / sum(this.#counts.map((other) => other[i]!)));
  }

  /** Of those of each class, the share that was found; NaN where there was none. */
  get recall(): number[] {
    return this.#counts.map((row, i) => row[i]! / sum(row));
  }

  /** Forgets all counts. */
  reset(): void {
    for (const row of this.#counts) row.fill(0);
  }

  /** A table with a row for each true class, a column for each predicted one, and each class's recall. */
  toString(): string {
    const { recall } = this;
    return formatTable(
      ["true \\ predicted", ...this.classes, "recall"],
      this.#counts.map((row, i) => [this.classes[i]!, ...row.map(String), percent(recall[i]!)]),
      ["left", ...this.classes.map(() => "right" as const), "right"],
    );
  }
}

/** The confusion matrix of one set of predictions; see ConfusionMatrix. */
export function confusionMatrix(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number | readonly string[],
): ConfusionMatrix {
  return new ConfusionMatrix(classes).update(predicted, labels);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const percent = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)} %`);
