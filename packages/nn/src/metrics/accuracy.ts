import type { Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";

/**
 * The share of positions where the largest output (a logit or a probability, over axis 1, or axis 0 of a vector) is
 * that of the true class. `labels` are class indices, or probabilities or one-hot rows of the shape of `outputs`. A
 * lazy scalar: `await accuracy(outputs, labels).item()`.
 *
 * @throws ShapeError where the shapes do not fit, AxisError where `outputs` is a scalar.
 */
export function accuracy(outputs: Tensor, labels: Tensor): Tensor {
  const axis = outputs.rank === 1 ? 0 : 1;
  const truth = labels.rank === outputs.rank ? labels.argmax(axis) : labels;
  const predicted = outputs.argmax(axis);
  checkSameShape("accuracy", predicted, truth);
  return predicted.equal(truth).toFloat().mean();
}
