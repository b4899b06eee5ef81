import { OptionError, zeros, type Tensor } from "@chainrule/core";

/**
 * λ · Σ|w| over all elements of all parameters, to be added to a loss: draws weights to exactly 0. The derivative at 0
 * is 0. Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
 *
 * @throws OptionError unless λ ≥ 0.
 */
export function l1Penalty(parameters: Iterable<Tensor>, strength: number): Tensor {
  return penalty("l1Penalty", parameters, strength, (w) => w.abs().sum());
}

/**
 * λ · Σw² over all elements of all parameters, to be added to a loss: shrinks weights in proportion. Its gradient 2λ·w
 * is that of a weight decay of 2λ in SGD. Hoerl and Kennard, "Ridge regression", 1970.
 *
 * @throws OptionError unless λ ≥ 0.
 */
export function l2Penalty(parameters: Iterable<Tensor>, strength: number): Tensor {
  return penalty("l2Penalty", parameters, strength, (w) => w.square().sum());
}

function penalty(
  name: string,
  parameters: Iterable<Tensor>,
  strength: number,
  cost: (w: Tensor) => Tensor,
): Tensor {
  if (!(strength >= 0)) throw new OptionError(`${name}: strength must be ≥ 0, not ${strength}`);
  const [first, ...others] = [...parameters].map((w) => cost(w));
  if (!first) return zeros([]);
  return others.reduce((sum, term) => sum.add(term), first).mul(strength);
}
