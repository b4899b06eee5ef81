import { arange, OptionError, ShapeError, where, type Tensor } from "@chainrule/core";
import { checkIndices, classAxis, weighTargets } from "./class-targets.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of multiMarginLoss. */
export interface MultiMarginOptions extends LossOptions {
  /** By how much the true class must lead for nothing to be paid; 1 unless given. */
  readonly margin?: number;
  /** The power of each shortfall, 1 (unless given) or 2. */
  readonly p?: 1 | 2;
  /** A weight for each class, [classes]; 1 for all unless given. */
  readonly weight?: Tensor;
}

/**
 * The hinge loss of several classes: ℓ = w_t · Σ_{c ≠ t} max(0, margin − z_t + z_c)^p / classes, for scores z [N, C] and
 * class indices t [N], or [C] and a scalar. "mean" averages over the N examples. Crammer and Singer, "On the
 * algorithmic implementation of multiclass kernel-based vector machines", 2001.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError where indices are not integers, OptionError for another
 * p; IndexError once computed, where an index is not a class.
 */
export function multiMarginLoss(scores: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor {
  const { margin = 1, p = 1, weight } = options;
  if (p !== 1 && p !== 2) throw new OptionError(`multiMarginLoss: p is 1 or 2, not ${String(p)}`);
  const axis = classAxis("multiMarginLoss", scores);
  if (scores.rank > 2) {
    throw new ShapeError(
      `multiMarginLoss: scores are [N, C] or [C], but their shape is [${scores.shape.join(", ")}]`,
    );
  }
  checkIndices("multiMarginLoss", scores, target, axis);
  const classes = scores.shape[axis]!;
  const label = target.expandDims(axis);
  const short = scores.sub(scores.gather(label, axis)).add(margin).relu();
  const paid = where(arange(classes).equal(label), 0, p === 2 ? short.square() : short);
  const losses = paid.sum(axis).div(classes);
  const { weights } = weighTargets("multiMarginLoss", target, classes, weight ? { weight } : {});
  return reduceLosses("multiMarginLoss", weights ? losses.mul(weights) : losses, options);
}
