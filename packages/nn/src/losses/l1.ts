import type { Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/**
 * Absolute error, elementwise: ℓ = |prediction − target|, whose minimum is the median; its derivative at 0 is 0.
 *
 * @throws ShapeError unless both have one shape.
 */
export function l1Loss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape("l1Loss", prediction, target);
  return reduceLosses("l1Loss", prediction.sub(target).abs(), options);
}

export { l1Loss as maeLoss };
