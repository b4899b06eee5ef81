import type { Tensor } from "@chainrule/core";
import { checkBetas, checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of Adamax. */
export interface AdamaxOptions {
  /** The learning rate; 2e-3 unless given. */
  lr?: number;
  /** β₁ and β₂, the decay of the running mean of g and of its largest size; 0.9 and 0.999 unless given. */
  betas?: readonly [number, number];
  /** ε, added to the size of the gradient; 1e-8 unless given. */
  eps?: number;
  /** λ, the L2 penalty added to the gradient; 0 unless given. */
  weightDecay?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<AdamaxOptions>;
type Slot = "expAvg" | "expInf";
type Scalar = "newShare1" | "beta2" | "stepSize" | "eps" | "weightDecay";

/**
 * Adam with the largest gradient in place of the root mean square, at step t:
 *
 *     g ← g + λ·p
 *     m ← β₁·m + (1 − β₁)·g,  u ← max(β₂·u, |g| + ε)
 *     p ← p − lr / (1 − β₁ᵗ) · m / u
 *
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.
 *
 * @throws OptionError for an option out of range.
 */
export class Adamax extends Optimizer<Settings, Slot, Scalar> {
  constructor(options: AdamaxOptions & Grouped<AdamaxOptions> = {}) {
    const defaults = { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false } as const;
    super({ ...defaults, ...options });
  }

  protected override check({ betas, eps, weightDecay }: Settings): void {
    checkBetas(this, betas);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
  }

  protected override slots(): readonly Slot[] {
    return ["expAvg", "expInf"];
  }

  protected override scalars(
    step: number,
    { lr, betas: [beta1, beta2], eps, weightDecay }: Settings,
  ): Record<Scalar, number> {
    return { newShare1: 1 - beta1, beta2, stepSize: lr / (1 - beta1 ** step), eps, weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<Slot, Tensor>,
    { newShare1, beta2, stepSize, eps, weightDecay: lambda }: Record<Scalar, Tensor>,
    { weightDecay }: Settings,
  ): Updated<Slot> {
    const g = penalized(gradient, parameter, weightDecay, lambda);
    const expAvg = state.expAvg.add(g.sub(state.expAvg).mul(newShare1));
    const expInf = state.expInf.mul(beta2).maximum(g.abs().add(eps));
    return { parameter: parameter.sub(expAvg.mul(stepSize).div(expInf)), expAvg, expInf };
  }
}
