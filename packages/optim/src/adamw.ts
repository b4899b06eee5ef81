import type { Tensor } from "@chainrule/core";
import { AdamBase, type AdamOptions, type AdamScalar, type AdamSlot } from "./adam-base.ts";
import type { Grouped, Updated } from "./optimizer.ts";

/**
 * Adam with weight decay apart from the gradient: p ← (1 − lr·λ)·p, then Adam's step with the gradient as it is.
 * Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
 *
 * @throws OptionError for an option out of range.
 */
export class AdamW extends AdamBase {
  constructor(options: AdamOptions & Grouped<AdamOptions> = {}) {
    super(0.01, options);
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<AdamSlot, Tensor>,
    scalars: Record<AdamScalar, Tensor>,
    options: Required<AdamOptions>,
  ): Updated<AdamSlot> {
    return this.adam(parameter.mul(scalars.decayed), gradient, state, scalars, options);
  }
}
