import { NumericError, OptionError } from "@chainrule/core";
import { checkLengths } from "./check.ts";
import type { StreamingMetric } from "./streaming.ts";

/** How the measures of single classes become one. */
export type Average = "binary" | "micro" | "macro" | "weighted";

/** Options of Precision, Recall and F1Score. */
export interface ClassMetricOptions {
  /**
   * "binary" (unless given): that of the positive class; "micro": of all counts together; "macro": the mean over
   * classes; "weighted": the mean by how often each class is true.
   */
  readonly average?: Average;
  /** The positive class of "binary"; 1 unless given. */
  readonly positive?: number;
  /** What stands where nothing was there to be divided by; 0 unless given. */
  readonly zeroDivision?: number;
}

/** Weights of one class's examples, by what became of them. */
export interface Counts {
  /** Rightly taken for the class. */
  hits: number;
  /** Taken for the class. */
  predicted: number;
  /** Of the class. */
  actual: number;
}

/** A measure of the counts of classes: those that appear among predictions or targets, as in scikit-learn. */
export abstract class ClassMetric implements StreamingMetric {
  readonly average: Average;
  readonly positive: number;
  readonly zeroDivision: number;
  readonly #counts = new Map<number, Counts>();

  constructor(options: ClassMetricOptions = {}) {
    const { average = "binary", positive = 1, zeroDivision = 0 } = options;
    const known = ["binary", "micro", "macro", "weighted"];
    if (!known.includes(average)) {
      throw new OptionError(
        `${this.constructor.name}: unknown average ${JSON.stringify(average)}; there are ${known.join(", ")}`,
      );
    }
    this.average = average;
    this.positive = positive;
    this.zeroDivision = zeroDivision;
  }

  /** The measure of one class's counts, as a numerator and a denominator. */
  protected abstract ratio(counts: Counts): readonly [number, number];

  update(predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this {
    const { name } = this.constructor;
    checkLengths(name, predicted, targets, weights);
    for (const values of [predicted, targets]) {
      for (let i = 0; i < values.length; i++) {
        if (Number.isInteger(values[i])) continue;
        throw new NumericError(
          `${name}: ${values[i]} at ${i} is not a class; give class indices, such as argmax of the scores`,
        );
      }
    }
    for (let i = 0; i < targets.length; i++) {
      const weight = weights ? weights[i]! : 1;
      const [taken, truth] = [predicted[i]!, targets[i]!];
      this.#of(taken).predicted += weight;
      this.#of(truth).actual += weight;
      if (taken === truth) this.#of(truth).hits += weight;
    }
    return this;
  }

  /** The measure; NaN before the first example. Throws an OptionError for "binary" where there are other classes. */
  compute(): number {
    const all = [...this.#counts.values()];
    if (all.length === 0) return Number.NaN;
    switch (this.average) {
      case "binary":
        return this.#binary();
      case "micro":
        return this.#divided({
          hits: sum(all.map(({ hits }) => hits)),
          predicted: sum(all.map(({ predicted }) => predicted)),
          actual: sum(all.map(({ actual }) => actual)),
        });
      case "macro":
        return sum(all.map((counts) => this.#divided(counts))) / all.length;
      case "weighted": {
        const support = sum(all.map(({ actual }) => actual));
        return sum(all.map((counts) => this.#divided(counts) * counts.actual)) / support;
      }
    }
  }

  /** The measure of each class that appeared, by class. */
  perClass(): Map<number, number> {
    const classes = [...this.#counts].sort(([a], [b]) => a - b);
    return new Map(classes.map(([label, counts]) => [label, this.#divided(counts)]));
  }

  reset(): void {
    this.#counts.clear();
  }

  #of(label: number): Counts {
    const known = this.#counts.get(label);
    if (known) return known;
    const fresh = { hits: 0, predicted: 0, actual: 0 };
    this.#counts.set(label, fresh);
    return fresh;
  }

  #binary(): number {
    const labels = [...this.#counts.keys()].sort((a, b) => a - b);
    const others = labels.filter((label) => label !== this.positive);
    if (others.length > 1) {
      throw new OptionError(
        `${this.constructor.name}: the classes ${labels.join(", ")} are more than a positive and a negative one; ` +
          `choose the average "micro", "macro" or "weighted"`,
      );
    }
    return this.#divided(this.#counts.get(this.positive) ?? { hits: 0, predicted: 0, actual: 0 });
  }

  #divided(counts: Counts): number {
    const [over, under] = this.ratio(counts);
    return under === 0 ? this.zeroDivision : over / under;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
