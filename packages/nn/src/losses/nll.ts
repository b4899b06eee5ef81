import type { Tensor } from "@chainrule/core";
import { checkIndices, classAxis, weighTargets, type ClassOptions } from "./class-targets.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of nllLoss. */
export interface NllOptions extends LossOptions, ClassOptions {}

/**
 * Negative log-likelihood of class indices under log-probabilities, such as `LogSoftmax` gives: ℓ = −w_t · x_t, over
 * the class axis (axis 1; axis 0 of a vector). "mean" divides by the sum of the weights w_t, those ignored counting 0.
 * `crossEntropy` is this of logits, in one.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError where indices are not integers or log-probabilities not
 * floats; IndexError once computed, where an index is not a class.
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: NllOptions = {}): Tensor {
  const axis = classAxis("nllLoss", logProbabilities);
  checkIndices("nllLoss", logProbabilities, target, axis);
  const { labels, weights } = weighTargets("nllLoss", target, logProbabilities.shape[axis]!, options);
  const losses = logProbabilities.gather(labels.expandDims(axis), axis).squeeze(axis).neg();
  return reduceLosses("nllLoss", weights ? losses.mul(weights) : losses, options, weights?.sum());
}
