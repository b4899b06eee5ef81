import type { Tensor } from "@chainrule/core";
import { reduceLosses, type LossOptions } from "./reduction.ts";
import { checkSameShape } from "../check.ts";

/** Options of bceWithLogits. */
export interface BceWithLogitsOptions extends LossOptions {
  /** Weight of the positive class, a number or a tensor that broadcasts to the target; 1 unless given. */
  readonly posWeight?: Tensor | number;
}

/**
 * Binary cross-entropy of logits, elementwise, in the form that does not overflow:
 * ℓ = −[w·t·log σ(z) + (1 − t)·log(1 − σ(z))] = (1 − t)·z − (1 + (w − 1)·t)·log σ(z), with targets t in [0, 1] and
 * the positive weight w. "mean" averages over all elements. It is the negative log-likelihood of the Bernoulli
 * distribution with its canonical link, hence also `bernoulliNllLoss`.
 *
 * @throws ShapeError unless logits and target have one shape.
 */
export function bceWithLogits(logits: Tensor, target: Tensor, options: BceWithLogitsOptions = {}): Tensor {
  checkSameShape("bceWithLogits", logits, target);
  const { posWeight } = options;
  const t = target.cast(logits.dtype);
  const logSigmoid = logits.logSigmoid();
  const weighted =
    posWeight === undefined ? logSigmoid : t.mul(weightLessOne(posWeight)).add(1).mul(logSigmoid);
  return reduceLosses("bceWithLogits", t.neg().add(1).mul(logits).sub(weighted), options);
}

const weightLessOne = (weight: Tensor | number): Tensor | number =>
  typeof weight === "number" ? weight - 1 : weight.sub(1);

export { bceWithLogits as bernoulliNllLoss };
