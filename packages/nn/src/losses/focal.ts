import { arange, OptionError, where, type Tensor } from "@chainrule/core";
import { checkProbability, checkSameShape } from "../check.ts";
import { checkIndices, classAxis, weighTargets } from "./class-targets.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of focalLoss. */
export interface FocalOptions extends LossOptions {
  /** How much less what is right already counts; 2 unless given, and with 0 it is cross-entropy. */
  readonly gamma?: number;
  /** A weight for each class, [classes]; 1 for all unless given. */
  readonly weight?: Tensor;
}

/** Options of binaryFocalLoss. */
export interface BinaryFocalOptions extends LossOptions {
  /** How much less what is right already counts; 2 unless given, and with 0 it is cross-entropy. */
  readonly gamma?: number;
  /** Weight of the positive class, the negative one having 1 − α; null for none, 0.25 unless given. */
  readonly alpha?: number | null;
}

/**
 * Cross-entropy in which hard examples count most: ℓ = −w_t·(1 − p_t)^γ·ln p_t with p = softmax(z), for logits z and
 * class indices t as `crossEntropy` takes them. "mean" averages over all positions. Lin et al., "Focal loss for dense
 * object detection", ICCV 2017.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError where indices are not integers, OptionError unless γ ≥ 0;
 * IndexError once computed, where an index is not a class.
 */
export function focalLoss(logits: Tensor, target: Tensor, options: FocalOptions = {}): Tensor {
  const { weight } = options;
  const gamma = checkGamma("focalLoss", options.gamma);
  const axis = classAxis("focalLoss", logits);
  checkIndices("focalLoss", logits, target, axis);
  const classes = logits.shape[axis]!;
  const label = target.expandDims(axis);
  const all = logits.logSumExp(axis);
  const logP = logits.gather(label, axis).squeeze(axis).sub(all);
  // 1 − p_t as the share of the other classes, and its power as that of a logarithm: exact where p_t is near 1.
  const line = arange(classes).reshape(logits.shape.map((_, i) => (i === axis ? classes : 1)));
  const others = where(line.equal(label), -Infinity, logits).logSumExp(axis);
  const factor = gamma === 0 ? null : others.sub(all).mul(gamma).exp();
  const losses = (factor ? logP.mul(factor) : logP).neg();
  const { weights } = weighTargets("focalLoss", target, classes, weight ? { weight } : {});
  return reduceLosses("focalLoss", weights ? losses.mul(weights) : losses, options);
}

/**
 * Binary cross-entropy in which hard examples count most, elementwise: ℓ = −α_t·(1 − p_t)^γ·ln p_t with p_t = σ(z) for a
 * target of 1 and 1 − σ(z) for 0; α_t likewise. Targets between mix the two. See `focalLoss`.
 *
 * @throws ShapeError unless both have one shape, OptionError unless γ ≥ 0 and α is in [0, 1].
 */
export function binaryFocalLoss(logits: Tensor, target: Tensor, options: BinaryFocalOptions = {}): Tensor {
  checkSameShape("binaryFocalLoss", logits, target);
  const { alpha = 0.25 } = options;
  const gamma = checkGamma("binaryFocalLoss", options.gamma);
  if (alpha !== null) checkProbability("binaryFocalLoss", "alpha", alpha);
  const t = target.cast(logits.dtype);
  /** −(1 − σ(z))^γ·ln σ(z), the power as that of a logarithm, which has no infinite slope. */
  const focused = (z: Tensor): Tensor => z.neg().logSigmoid().mul(gamma).exp().mul(z.logSigmoid()).neg();
  const positive = t.mul(alpha ?? 1).mul(focused(logits));
  const negative = t
    .neg()
    .add(1)
    .mul(1 - (alpha ?? 0))
    .mul(focused(logits.neg()));
  return reduceLosses("binaryFocalLoss", positive.add(negative), options);
}

function checkGamma(loss: string, gamma: number = 2): number {
  if (!(gamma >= 0)) throw new OptionError(`${loss}: gamma must be ≥ 0, not ${gamma}`);
  return gamma;
}
