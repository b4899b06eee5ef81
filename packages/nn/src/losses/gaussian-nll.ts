import { full, NumericError, ShapeError, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { elementsAtHand } from "./elements-at-hand.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of gaussianNllLoss. */
export interface GaussianNllOptions extends LossOptions {
  /** Whether the constant ½·ln 2π is counted; false unless given. */
  readonly full?: boolean;
  /** Variances count as this at least, though their gradient passes; 1e-6 unless given. */
  readonly eps?: number;
}

/**
 * Negative log-likelihood of a target under normal distributions, elementwise:
 * ℓ = ½·[ln σ² + (target − mean)² / σ²], plus ½·ln 2π where `full`. The variance σ² is a number, or has the shape of
 * `mean`, or that with last axis 1 or without it. Nix and Weigend, "Estimating the mean and variance of the target
 * probability distribution", 1994.
 *
 * @throws ShapeError where the shapes do not fit, NumericError where variances given as numbers are negative.
 */
export function gaussianNllLoss(
  mean: Tensor,
  target: Tensor,
  variance: Tensor | number,
  options: GaussianNllOptions = {},
): Tensor {
  checkSameShape("gaussianNllLoss", mean, target);
  const { eps = 1e-6 } = options;
  const lowest = typeof variance === "number" ? variance : lowestOf(variance);
  if (lowest < 0) {
    throw new NumericError(
      `gaussianNllLoss: a variance is ${lowest}; give one that is positive, such as softplus of an output`,
    );
  }
  const given =
    typeof variance === "number" ? full([], variance, { dtype: mean.dtype }) : fitted(mean, variance);
  // The floor is a constant beside it: the gradient of a floored variance is that at the floor.
  const floored = given.add(given.neg().add(eps).relu().stopGradient());
  const losses = target.sub(mean).square().div(floored).add(floored.log()).mul(0.5);
  const constant = options.full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses;
  return reduceLosses("gaussianNllLoss", constant, options);
}

/** The variance with as many axes as the mean. */
function fitted(mean: Tensor, variance: Tensor): Tensor {
  const wanted = mean.shape.join(", ");
  const head = mean.shape.slice(0, -1);
  if (variance.shape.join(", ") === wanted || variance.shape.join() === [...head, 1].join()) return variance;
  if (mean.rank > 0 && variance.shape.join() === head.join()) return variance.expandDims(-1);
  throw new ShapeError(
    `gaussianNllLoss: for a mean [${wanted}] the variance is [${wanted}], [${[...head, 1].join(", ")}] or ` +
      `[${head.join(", ")}], not [${variance.shape.join(", ")}]`,
  );
}

function lowestOf(variance: Tensor): number {
  let lowest = 0;
  for (const value of elementsAtHand(variance) ?? []) lowest = Math.min(lowest, value);
  return lowest;
}
