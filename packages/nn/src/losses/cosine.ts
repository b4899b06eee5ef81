import { ShapeError, where, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of cosineSimilarity. */
export interface CosineOptions {
  /** The axis of the vectors; −1 unless given. */
  readonly axis?: number;
  /** Lengths count as this at least; 1e-8 unless given. */
  readonly eps?: number;
}

/** Options of cosineEmbeddingLoss. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** The similarity that unlike pairs may have for nothing; 0 unless given. */
  readonly margin?: number;
}

/**
 * The cosine of the angle between vectors along an axis, which is folded: a·b / (max(‖a‖, eps)·max(‖b‖, eps)).
 *
 * @throws ShapeError unless both have one shape, AxisError where there is no such axis.
 */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineOptions = {}): Tensor {
  checkSameShape("cosineSimilarity", a, b);
  const { axis = -1, eps = 1e-8 } = options;
  const lengths = squared(a, axis)
    .maximum(eps ** 2)
    .mul(squared(b, axis).maximum(eps ** 2));
  return a.mul(b).sum(axis).mul(lengths.rsqrt());
}

const squared = (x: Tensor, axis: number): Tensor => x.square().sum(axis);

/**
 * How far vectors point away from each other, along an axis: ℓ = 1 − cos(prediction, target).
 *
 * @throws ShapeError unless both have one shape, AxisError where there is no such axis.
 */
export function cosineSimilarityLoss(
  prediction: Tensor,
  target: Tensor,
  options: CosineOptions & LossOptions = {},
): Tensor {
  const losses = cosineSimilarity(prediction, target, options).neg().add(1);
  return reduceLosses("cosineSimilarityLoss", losses, options);
}

/**
 * Draws like pairs of vectors together and unlike ones apart: ℓ = 1 − cos(a, b) where the target is 1, and
 * max(0, cos(a, b) − margin) where it is −1; a and b [N, D] with targets [N], or [D] with a scalar.
 *
 * @throws ShapeError where the shapes do not fit.
 */
export function cosineEmbeddingLoss(
  a: Tensor,
  b: Tensor,
  target: Tensor,
  options: CosineEmbeddingOptions = {},
): Tensor {
  checkSameShape("cosineEmbeddingLoss", a, b);
  const expected = a.shape.slice(0, -1).join(", ");
  if (a.rank === 0 || target.shape.join(", ") !== expected) {
    throw new ShapeError(
      `cosineEmbeddingLoss: for vectors [${a.shape.join(", ")}] the target is [${expected}], ` +
        `not [${target.shape.join(", ")}]`,
    );
  }
  // Added to the squares, as PyTorch does in this loss: a vector of zeros is at right angles to all others.
  const lengths = squared(a, -1).add(1e-12).mul(squared(b, -1).add(1e-12));
  const cosine = a.mul(b).sum(-1).mul(lengths.rsqrt());
  const apart = cosine.sub(options.margin ?? 0).relu();
  const losses = where(target.equal(1), cosine.neg().add(1), where(target.equal(-1), apart, 0));
  return reduceLosses("cosineEmbeddingLoss", losses, options);
}
