import { Generator, OptionError } from "@chainrule/core";
import { ArrayDataset } from "../array-dataset.ts";
import { normal, poisson } from "../random-numbers.ts";
import { checkToy, type ToyOptions } from "./points.ts";

/** Options of `poissonRegression`. */
export interface PoissonOptions extends Omit<ToyOptions, "noise"> {
  /** Effects of the features on the logarithm of the rate; default 0.6, −0.4, 0.2. */
  readonly coefficients?: readonly number[];
  /** The logarithm of the rate at x = 0; default 0.5. */
  readonly intercept?: number;
}

/** Counts whose coefficients are known. */
export interface PoissonSet {
  /** `x` float32 [n, features] from the standard normal, `y` float32 [n, 1], counts. */
  readonly dataset: ArrayDataset;
  readonly coefficients: readonly number[];
  readonly intercept: number;
}

/**
 * A generalised linear model with counts: y ~ Poisson(exp(intercept + Σ cᵢxᵢ)). Default: 1000 examples.
 *
 * @throws OptionError for no coefficients, or where a rate passes 10⁶.
 * @see McCullagh, Nelder, "Generalized linear models", 1989, 6.2
 */
export function poissonRegression(options: PoissonOptions = {}): PoissonSet {
  const { count = 1000, seed = 0, coefficients = [0.6, -0.4, 0.2], intercept = 0.5 } = options;
  checkToy("poissonRegression", count, 0, 1);
  if (coefficients.length === 0) throw new OptionError("poissonRegression: give at least one coefficient");
  const generator = new Generator(seed);
  const features = coefficients.length;
  const x = new Float32Array(count * features);
  const y = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let logarithm = intercept;
    for (let j = 0; j < features; j++) {
      x[i * features + j] = normal(generator);
      logarithm += coefficients[j]! * x[i * features + j]!;
    }
    const rate = Math.exp(logarithm);
    if (!(rate <= 1e6)) {
      throw new OptionError(
        `poissonRegression: example ${i} has the rate ${rate}; take smaller coefficients`,
      );
    }
    y[i] = poisson(generator, rate);
  }
  const dataset = new ArrayDataset({
    x: { data: x, shape: [count, features] },
    y: { data: y, shape: [count, 1] },
  });
  return { dataset, coefficients, intercept };
}
