import { NumericError, type Tensor } from "@chainrule/core";
import { elementsAtHand } from "./elements-at-hand.ts";

/** How far past 0 and 1 the rounding of float32 may carry a target: mixed and smoothed ones are sums. */
export const rounding = 1e-6;

/**
 * Throws a NumericError where a tensor whose elements wait on the host holds one outside [0, 1]. A lazy tensor has no
 * elements to look at yet: there the loss comes out as NaN.
 */
export function checkProbabilities(
  loss: string,
  what: string,
  tensor: Tensor,
  instead: string,
  slack: number = 0,
): void {
  const elements = elementsAtHand(tensor);
  const index = elements?.findIndex((value) => value < -slack || value > 1 + slack) ?? -1;
  if (index < 0) return;
  throw new NumericError(
    `${loss}: ${what} are probabilities in [0, 1], and element ${index} is ${elements![index]}; ${instead}`,
  );
}
