import { Generator, OptionError } from "@chainrule/core";
import type { ArrayDataset } from "../array-dataset.ts";
import { between } from "../random-numbers.ts";
import { checkToy, regression, type ToyOptions } from "./points.ts";

/** Options of regression sets. */
export interface CurveOptions extends ToyOptions {
  /** The range of x. */
  readonly from?: number;
  readonly to?: number;
  /** Whether x is evenly spaced, ends included (the default), or drawn uniformly. */
  readonly spacing?: "even" | "random";
}

function abscissae(
  what: string,
  options: CurveOptions,
  from: number,
  to: number,
  count: number,
  generator: Generator,
): number[] {
  if (!(from < to)) throw new OptionError(`${what}: x goes from ${from} to ${to}; give from < to`);
  const even = options.spacing !== "random";
  return Array.from({ length: count }, (_, i) =>
    even ? from + ((to - from) * i) / Math.max(1, count - 1) : between(generator, from, to),
  );
}

/** y = sin(2πx) plus noise over [0, 1]. Defaults: 50 points, noise 0.1. @see Bishop, "Pattern recognition and machine learning", 1.1 */
export function sineCurve(options: CurveOptions = {}): ArrayDataset {
  const { count = 50, noise = 0.1, seed = 0, from = 0, to = 1 } = options;
  checkToy("sineCurve", count, noise, 1);
  const generator = new Generator(seed);
  const xs = abscissae("sineCurve", options, from, to, count, generator);
  return regression(xs, (x) => Math.sin(2 * Math.PI * x), noise, generator);
}

/** Options of `polynomialCurve`. */
export interface PolynomialOptions extends CurveOptions {
  /** c₀, c₁, … of c₀ + c₁x + c₂x² + …; default 0, −1, 0, 2: the cubic 2x³ − x. */
  readonly coefficients?: readonly number[];
}

/** y = Σ cᵢxⁱ plus noise over [−1, 1]. Defaults: 50 points, noise 0.1. @throws OptionError for no coefficients. */
export function polynomialCurve(options: PolynomialOptions = {}): ArrayDataset {
  const { count = 50, noise = 0.1, seed = 0, from = -1, to = 1, coefficients = [0, -1, 0, 2] } = options;
  checkToy("polynomialCurve", count, noise, 1);
  if (coefficients.length === 0) throw new OptionError("polynomialCurve: give at least one coefficient");
  const generator = new Generator(seed);
  const xs = abscissae("polynomialCurve", options, from, to, count, generator);
  return regression(xs, (x) => coefficients.reduceRight((sum, c) => sum * x + c, 0), noise, generator);
}
