import type { Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of hingeLoss. */
export interface HingeOptions extends LossOptions {
  /** How far on the right side costs nothing; 1 unless given. */
  readonly margin?: number;
  /** Whether losses are squared, which makes them smooth; false unless given. */
  readonly squared?: boolean;
}

/**
 * The loss of support vector machines, elementwise: ℓ = max(0, margin − t·z) for scores z and targets t of −1 and 1.
 * Cortes and Vapnik, "Support-vector networks", 1995. With margin 0 it is the perceptron's loss.
 *
 * @throws ShapeError unless both have one shape.
 */
export function hingeLoss(scores: Tensor, target: Tensor, options: HingeOptions = {}): Tensor {
  checkSameShape("hingeLoss", scores, target);
  const { margin = 1, squared = false } = options;
  const losses = scores.mul(target.cast(scores.dtype)).neg().add(margin).relu();
  return reduceLosses("hingeLoss", squared ? losses.square() : losses, options);
}
