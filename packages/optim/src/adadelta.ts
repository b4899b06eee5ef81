import type { Tensor } from "@chainrule/core";
import { checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of Adadelta. */
export interface AdadeltaOptions {
  /** The learning rate; 1 unless given. */
  lr?: number;
  /** ρ, the decay of both running means; 0.9 unless given. */
  rho?: number;
  /** ε, added under both roots; 1e-6 unless given. */
  eps?: number;
  /** λ, the L2 penalty added to the gradient; 0 unless given. */
  weightDecay?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<AdadeltaOptions>;
type Slot = "squareAvg" | "accDelta";
type Scalar = "lr" | "rho" | "newShare" | "eps" | "weightDecay";

/**
 * Steps in the parameter's own units, by running means v of g² and u of the squared steps:
 *
 *     g ← g + λ·p
 *     v ← ρ·v + (1 − ρ)·g²,  δ = √(u + ε) / √(v + ε) · g
 *     u ← ρ·u + (1 − ρ)·δ²,  p ← p − lr·δ
 *
 * Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
 *
 * @throws OptionError for an option out of range.
 */
export class Adadelta extends Optimizer<Settings, Slot, Scalar> {
  constructor(options: AdadeltaOptions & Grouped<AdadeltaOptions> = {}) {
    super({ lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false, ...options });
  }

  protected override check({ rho, eps, weightDecay }: Settings): void {
    checkRange(this, "rho", rho, 0, 1, true);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
  }

  protected override slots(): readonly Slot[] {
    return ["squareAvg", "accDelta"];
  }

  protected override scalars(_step: number, { lr, rho, eps, weightDecay }: Settings): Record<Scalar, number> {
    return { lr, rho, newShare: 1 - rho, eps, weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<Slot, Tensor>,
    { lr, rho, newShare, eps, weightDecay: lambda }: Record<Scalar, Tensor>,
    { weightDecay }: Settings,
  ): Updated<Slot> {
    const g = penalized(gradient, parameter, weightDecay, lambda);
    const squareAvg = state.squareAvg.mul(rho).add(g.square().mul(newShare));
    const delta = state.accDelta.add(eps).sqrt().div(squareAvg.add(eps).sqrt()).mul(g);
    const accDelta = state.accDelta.mul(rho).add(delta.square().mul(newShare));
    return { parameter: parameter.sub(delta.mul(lr)), squareAvg, accDelta };
  }
}
