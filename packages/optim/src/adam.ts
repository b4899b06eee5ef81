import type { Tensor } from "@chainrule/core";
import { AdamBase, type AdamOptions, type AdamScalar, type AdamSlot } from "./adam-base.ts";
import type { Grouped, Updated } from "./optimizer.ts";

/**
 * Steps scaled by running means of the gradient and of its square, at step t:
 *
 *     g ← g + λ·p
 *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²
 *     p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 *
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015; `amsgrad`: Reddi et al., "On the
 * convergence of Adam and beyond", ICLR 2018.
 *
 * @throws OptionError for an option out of range.
 */
export class Adam extends AdamBase {
  constructor(options: AdamOptions & Grouped<AdamOptions> = {}) {
    super(0, options);
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<AdamSlot, Tensor>,
    scalars: Record<AdamScalar, Tensor>,
    options: Required<AdamOptions>,
  ): Updated<AdamSlot> {
    const penalty = options.weightDecay !== 0;
    const g = penalty ? gradient.add(parameter.mul(scalars.weightDecay)) : gradient;
    return this.adam(parameter, g, state, scalars, options);
  }
}
