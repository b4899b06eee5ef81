import type { Tensor } from "@chainrule/core";
import { checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of Adagrad. */
export interface AdagradOptions {
  /** The learning rate; 0.01 unless given. */
  lr?: number;
  /** How fast the rate falls: at step t it is lr / (1 + (t − 1)·lrDecay); 0 unless given. */
  lrDecay?: number;
  /** λ, the L2 penalty added to the gradient; 0 unless given. */
  weightDecay?: number;
  /** What the sums of squares start from; 0 unless given. */
  initialAccumulatorValue?: number;
  /** ε, added to the denominator; 1e-10 unless given. */
  eps?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<AdagradOptions>;
type Scalar = "rate" | "eps" | "weightDecay";

/**
 * Steps scaled by the root of all squared gradients so far, so that rare features keep a large rate:
 *
 *     g ← g + λ·p
 *     s ← s + g²
 *     p ← p − lr / (1 + (t − 1)·lrDecay) · g / (√s + ε)
 *
 * Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011.
 *
 * @throws OptionError for an option out of range.
 */
export class Adagrad extends Optimizer<Settings, "sum", Scalar> {
  constructor(options: AdagradOptions & Grouped<AdagradOptions> = {}) {
    const defaults = { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 };
    super({ ...defaults, maximize: false, ...options });
  }

  protected override check({ lrDecay, weightDecay, initialAccumulatorValue, eps }: Settings): void {
    checkRange(this, "lrDecay", lrDecay, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
    checkRange(this, "initialAccumulatorValue", initialAccumulatorValue, 0);
    checkRange(this, "eps", eps, 0);
  }

  protected override slots(): readonly "sum"[] {
    return ["sum"];
  }

  protected override initial(_slot: "sum", { initialAccumulatorValue }: Settings): number {
    return initialAccumulatorValue;
  }

  protected override scalars(
    step: number,
    { lr, lrDecay, eps, weightDecay }: Settings,
  ): Record<Scalar, number> {
    return { rate: lr / (1 + (step - 1) * lrDecay), eps, weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<"sum", Tensor>,
    scalars: Record<Scalar, Tensor>,
    { weightDecay }: Settings,
  ): Updated<"sum"> {
    const g = penalized(gradient, parameter, weightDecay, scalars.weightDecay);
    const sum = state.sum.add(g.square());
    return { parameter: parameter.sub(g.mul(scalars.rate).div(sum.sqrt().add(scalars.eps))), sum };
  }
}
