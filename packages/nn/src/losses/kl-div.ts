import { where, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { reduceLosses, type LossOptions, type Reduction } from "./reduction.ts";

/** Options of klDiv. */
export interface KlDivOptions extends Omit<LossOptions, "reduction"> {
  /** "batchMean" divides the sum by the size of axis 0, which is the divergence itself; "mean" unless given. */
  readonly reduction?: Reduction | "batchMean";
  /** Whether the target holds log-probabilities; false unless given. */
  readonly logTarget?: boolean;
}

/**
 * Kullback–Leibler divergence of log-probabilities x from a target t, elementwise: ℓ = t·(ln t − x), 0 where t = 0.
 * "mean" averages over all elements, as in PyTorch; the mean over the examples is "batchMean".
 *
 * @throws ShapeError unless both have one shape.
 */
export function klDiv(logProbabilities: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  checkSameShape("klDiv", logProbabilities, target);
  const { reduction = "mean", logTarget = false, ...rest } = options;
  const losses = logTarget
    ? target.exp().mul(target.sub(logProbabilities))
    : target.mul(where(target.equal(0), 1, target).log()).sub(target.mul(logProbabilities));
  if (reduction !== "batchMean") return reduceLosses("klDiv", losses, { ...rest, reduction });
  return reduceLosses("klDiv", losses, { ...rest, reduction: "sum" }).div(losses.shape[0] ?? 1);
}
