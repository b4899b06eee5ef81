import type { Tensor } from "@chainrule/core";
import { reduceLosses, type LossOptions } from "./reduction.ts";
import { checkSameShape } from "../check.ts";

/**
 * Squared error, elementwise: ℓ = (prediction − target)²; "mean" averages over all elements.
 *
 * @throws ShapeError unless both have one shape: [N] and [N, 1] would broadcast to a wrong loss unseen.
 */
export function mseLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape("mseLoss", prediction, target);
  return reduceLosses("mseLoss", prediction.sub(target).square(), options);
}
