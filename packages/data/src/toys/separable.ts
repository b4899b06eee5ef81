import { Generator, OptionError } from "@chainrule/core";
import type { ArrayDataset } from "../array-dataset.ts";
import { between, normal } from "../random-numbers.ts";
import { checkToy, classified, type LabelledPoint, type ToyOptions } from "./points.ts";

/** Options of `linearlySeparable`. */
export interface SeparableOptions extends Omit<ToyOptions, "noise"> {
  /** Axes; default 2. */
  readonly features?: number;
  /** The least distance of a point from the boundary; default 0.1. */
  readonly margin?: number;
}

/** Points on two sides of a known hyperplane. */
export interface Separable {
  /** Class 1 where weight·x + bias > 0. */
  readonly dataset: ArrayDataset;
  /** The hyperplane's normal, of length 1. */
  readonly weight: readonly number[];
  readonly bias: number;
  /** No point is closer to the hyperplane than this. */
  readonly margin: number;
  /** The largest length of (x, 1), x with the constant input of the bias. */
  readonly radius: number;
  /**
   * The most mistakes that the perceptron makes from zero, with the bias as a weight: R²·‖(w, b)‖²/γ².
   *
   * @see Novikoff, "On convergence proofs on perceptrons", 1962
   */
  readonly mistakeBound: number;
}

/**
 * Points of [−1, 1]^features that a hyperplane separates with a known margin, both classes as often. Default: 100.
 *
 * @throws OptionError for a margin that leaves no room: it must be above 0 and at most 0.5.
 */
export function linearlySeparable(options: SeparableOptions = {}): Separable {
  const { count = 100, seed = 0, features = 2, margin = 0.1 } = options;
  checkToy("linearlySeparable", count, 0, 2);
  if (!Number.isInteger(features) || features < 1) {
    throw new OptionError(
      `linearlySeparable: features is ${features}; it must be a whole number of at least 1`,
    );
  }
  if (!(margin > 0 && margin <= 0.5)) {
    throw new OptionError(`linearlySeparable: margin is ${margin}; it must be above 0 and at most 0.5`);
  }
  const generator = new Generator(seed);
  const direction = Array.from({ length: features }, () => normal(generator));
  const length = Math.hypot(...direction);
  const weight = direction.map((value) => value / length);
  const bias = between(generator, -0.2, 0.2);
  const distance = (x: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * weight[i]!, bias);
  const points = Array.from({ length: count }, (_, i): LabelledPoint => {
    const side = i % 2 === 0 ? 1 : -1;
    const x = Array.from({ length: features }, () => Math.fround(between(generator, -1, 1)));
    // One that is too close or on the wrong side is moved straight across, to a distance drawn anew.
    const gap = distance(x);
    if (side * gap >= margin) return [i % 2 === 0 ? 1 : 0, ...x];
    const wanted = side * (margin + (1 - margin) * generator.uniform());
    return [i % 2 === 0 ? 1 : 0, ...x.map((value, axis) => value + (wanted - gap) * weight[axis]!)];
  });
  const dataset = classified(points, 0, generator);
  const { data } = dataset.columns.x;
  const rows = Array.from({ length: count }, (_, i) => [...data.subarray(i * features, (i + 1) * features)]);
  // Measured on what is handed out, which is rounded to float32.
  const closest = Math.min(...rows.map((row) => Math.abs(distance(row))));
  const radius = Math.max(...rows.map((row) => Math.hypot(...row, 1)));
  return {
    dataset,
    weight,
    bias,
    margin: closest,
    radius,
    mistakeBound: (radius ** 2 * (1 + bias ** 2)) / closest ** 2,
  };
}
