import { Generator } from "@chainrule/core";
import { ArrayDataset } from "../array-dataset.ts";
import { normal } from "../random-numbers.ts";

/** A training set that is too small, and data to see that on. */
export interface OverfittingSet {
  /** 60 examples, `x` float32 [60, 20] and `y` int32 [60]. */
  readonly train: ArrayDataset;
  /** 1000 examples of the same kind. */
  readonly validation: ArrayDataset;
}

const features = 20;
/** Share of labels that are turned round. */
const flipped = 0.1;

/**
 * The set on which regularisers are compared: two classes in 20 standard normal features, of which the first four tell
 * (class 1 where x₁ + x₂ + x₃ + x₄ > 0) and the others do not, with every tenth label wrong at random. A net of a few
 * hundred weights learns the 60 training examples by heart; no classifier is right on more than 90 % of the others.
 */
export function overfittingSet(seed: number = 0): OverfittingSet {
  const generator = new Generator(seed);
  return { train: examples(60, generator), validation: examples(1000, generator) };
}

function examples(count: number, generator: Generator): ArrayDataset {
  const x = Float32Array.from({ length: count * features }, () => normal(generator));
  const y = Int32Array.from({ length: count }, (_, i) => {
    const told = x.subarray(i * features, i * features + 4).reduce((sum, value) => sum + value, 0);
    return Number(told > 0) ^ Number(generator.uniform() < flipped);
  });
  return new ArrayDataset({ x: { data: x, shape: [count, features] }, y: { data: y, shape: [count] } });
}
