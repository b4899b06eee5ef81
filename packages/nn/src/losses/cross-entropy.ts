import { OptionError, ShapeError, type Tensor } from "@chainrule/core";
import { checkIndices, classAxis, weighTargets, type ClassOptions } from "./class-targets.ts";
import { checkProbabilities, rounding } from "./probabilities.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of crossEntropy. */
export interface CrossEntropyOptions extends LossOptions, ClassOptions {
  /** Share of the target that is spread evenly over all classes, in [0, 1]; 0 unless given. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between a target and the softmax of logits, over the class axis (axis 1; axis 0 of a vector):
 * ℓ = −Σ_c w_c · t_c · log softmax(z)_c, with class weights w.
 *
 * `target` holds class indices (int32 or uint8, the shape of `logits` without the class axis; ℓ = −w_t · log
 * softmax(z)_t) or probabilities (the shape of `logits`). With label smoothing ε, t becomes (1 − ε)·t + ε / classes
 * (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016). "mean" averages over all positions but the
 * class axis; for class indices it divides by the sum of their weights, those ignored counting 0. "none" gives the
 * shape of `logits` without the class axis. It is the negative log-likelihood of the categorical distribution with its
 * canonical link, hence also `categoricalNllLoss`.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError where class indices are not integers or logits not
 * floats, OptionError for a bad option, NumericError where target probabilities given as numbers lie outside [0, 1];
 * IndexError once computed, where an index is not a class.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new OptionError(`crossEntropy: labelSmoothing must be in [0, 1], not ${labelSmoothing}`);
  }
  const axis = classAxis("crossEntropy", logits);
  const indices = target.rank === logits.rank - 1;
  checkTarget(logits, target, axis, indices);
  if (!indices)
    checkProbabilities("crossEntropy", "targets", target, "normalise them, as with softmax", rounding);
  const classes = logits.shape[axis]!;
  const { labels, weights } = indices
    ? weighTargets("crossEntropy", target, classes, options)
    : { labels: target, weights: null };
  const classWeight = options.weight?.reshape(logits.shape.map((_, i) => (i === axis ? classes : 1)));

  // The maximum is subtracted before anything is added to it: logits of 1e4 keep all their digits.
  const highest = logits.max(axis, { keepDims: true }).stopGradient();
  const shifted = logits.sub(highest);
  const logSum = shifted.exp().sum(axis).log();
  /** Σ_c w_c · share_c · (−log softmax(z)_c). */
  const spread = (share: Tensor | number): Tensor => {
    const each = logSum.expandDims(axis).sub(shifted).mul(share);
    return (classWeight ? each.mul(classWeight) : each).sum(axis);
  };
  const ofLabels = (): Tensor => {
    const losses = logSum.sub(logits.gather(labels.expandDims(axis), axis).sub(highest).squeeze(axis));
    return weights ? losses.mul(weights) : losses;
  };
  let losses = indices ? ofLabels() : spread(target);
  if (labelSmoothing !== 0) {
    const evenly = classWeight ? spread(1 / classes) : logSum.sub(shifted.mean(axis));
    const counted =
      options.ignoreIndex === undefined ? evenly : evenly.mul(target.notEqual(options.ignoreIndex));
    losses = losses.mul(1 - labelSmoothing).add(counted.mul(labelSmoothing));
  }
  return reduceLosses("crossEntropy", losses, options, weights?.sum());
}

function checkTarget(logits: Tensor, target: Tensor, axis: number, indices: boolean): void {
  if (indices) return checkIndices("crossEntropy", logits, target, axis);
  const [all, labels] = [logits.shape.join(", "), logits.shape.filter((_, i) => i !== axis).join(", ")];
  if (target.shape.join(", ") === all) return;
  throw new ShapeError(
    `crossEntropy: for logits [${all}] the target is class indices [${labels}] or ` +
      `probabilities [${all}], not [${target.shape.join(", ")}]`,
  );
}

export { crossEntropy as categoricalNllLoss };
