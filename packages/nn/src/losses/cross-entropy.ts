import { DtypeError, OptionError, ShapeError, type Tensor } from "@chainrule/core";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of crossEntropy. */
export interface CrossEntropyOptions extends LossOptions {
  /** Share of the target that is spread evenly over all classes, in [0, 1]; 0 unless given. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between a target and the softmax of logits, over the class axis (axis 1; axis 0 of a vector):
 * ℓ = −Σ_c t_c · log softmax(z)_c.
 *
 * `target` holds class indices (int32 or uint8, the shape of `logits` without the class axis; ℓ = −log softmax(z)_t)
 * or probabilities (the shape of `logits`). With label smoothing ε, t becomes (1 − ε)·t + ε / classes (Szegedy et al.,
 * "Rethinking the Inception architecture", CVPR 2016). "mean" averages over all positions but the class axis; "none"
 * gives the shape of `logits` without it.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError where class indices are not integers or logits not
 * floats, OptionError for a bad option; IndexError once computed, where an index is not a class.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, reduction } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new OptionError(`crossEntropy: labelSmoothing must be in [0, 1], not ${labelSmoothing}`);
  }
  if (logits.rank === 0) throw new ShapeError("crossEntropy: logits need a class axis, but are a scalar");
  if (logits.dtype !== "float32" && logits.dtype !== "float64") {
    throw new DtypeError(`crossEntropy: logits are float32 or float64, not ${logits.dtype}`);
  }
  const axis = logits.rank === 1 ? 0 : 1;
  const indices = target.rank === logits.rank - 1;
  checkTarget(logits, target, axis, indices);

  // The maximum is subtracted before anything is added to it: logits of 1e4 keep all their digits.
  const highest = logits.max(axis, { keepDims: true }).stopGradient();
  const shifted = logits.sub(highest);
  const logSum = shifted.exp().sum(axis).log();
  const losses = indices
    ? logSum.sub(logits.gather(target.expandDims(axis), axis).sub(highest).squeeze(axis))
    : target.mul(logSum.expandDims(axis).sub(shifted)).sum(axis);
  if (labelSmoothing === 0) return reduceLosses("crossEntropy", losses, reduction);

  const evenly = logSum.sub(shifted.mean(axis));
  const smoothed = losses.mul(1 - labelSmoothing).add(evenly.mul(labelSmoothing));
  return reduceLosses("crossEntropy", smoothed, reduction);
}

function checkTarget(logits: Tensor, target: Tensor, axis: number, indices: boolean): void {
  const expected = indices ? logits.shape.filter((_, i) => i !== axis) : logits.shape;
  if (target.rank !== expected.length || target.shape.some((size, i) => size !== expected[i])) {
    const labels = logits.shape.filter((_, i) => i !== axis).join(", ");
    throw new ShapeError(
      `crossEntropy: for logits [${logits.shape.join(", ")}] the target is class indices [${labels}] or ` +
        `probabilities [${logits.shape.join(", ")}], not [${target.shape.join(", ")}]`,
    );
  }
  if (indices && target.dtype !== "int32" && target.dtype !== "uint8") {
    throw new DtypeError(
      `crossEntropy: class indices are int32 or uint8, not ${target.dtype}; ` +
        `make them with tensor(labels, { dtype: "int32" }) or target.cast("int32")`,
    );
  }
}
