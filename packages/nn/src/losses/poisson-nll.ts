import { where, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of poissonNllLoss. */
export interface PoissonNllOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate, which is the canonical link; true unless given. */
  readonly logInput?: boolean;
  /** Whether ln t! is counted, by Stirling's formula and for t > 1; false unless given. */
  readonly full?: boolean;
  /** Added to a rate before its logarithm is taken; 1e-8 unless given. */
  readonly eps?: number;
}

/**
 * Negative log-likelihood of counts t under Poisson distributions, elementwise: ℓ = eˣ − t·x for the logarithm x of the
 * rate, or x − t·ln(x + eps) for the rate itself; with `full` plus t·ln t − t + ½·ln(2πt) where t > 1.
 *
 * @throws ShapeError unless both have one shape.
 */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonNllOptions = {}): Tensor {
  checkSameShape("poissonNllLoss", input, target);
  const { logInput = true, full = false, eps = 1e-8 } = options;
  const t = target.cast(input.dtype);
  const losses = logInput ? input.exp().sub(t.mul(input)) : input.sub(t.mul(input.add(eps).log()));
  return reduceLosses("poissonNllLoss", full ? losses.add(stirling(t)) : losses, options);
}

/** ln t! by Stirling's formula, 0 up to 1. */
function stirling(t: Tensor): Tensor {
  const large = t.greater(1);
  const safe = where(large, t, 1);
  const value = safe
    .mul(safe.log())
    .sub(safe)
    .add(
      safe
        .mul(2 * Math.PI)
        .log()
        .mul(0.5),
    );
  return where(large, value, 0);
}
