import { where, type Tensor } from "@chainrule/core";
import { checkBetas, checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of RAdam. */
export interface RadamOptions {
  /** The learning rate; 1e-3 unless given. */
  lr?: number;
  /** β₁ and β₂, the decay of the running means of g and g²; 0.9 and 0.999 unless given. */
  betas?: readonly [number, number];
  /** ε, added to the denominator; 1e-8 unless given. */
  eps?: number;
  /** λ, the penalty on the weights; 0 unless given. */
  weightDecay?: number;
  /** Whether the weights shrink by lr·λ as in AdamW, in place of adding λ·p to the gradient; false unless given. */
  decoupledWeightDecay?: boolean;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<RadamOptions>;
type Slot = "expAvg" | "expAvgSq";
type Scalar =
  | "newShare1"
  | "beta2"
  | "newShare2"
  | "stepSize"
  | "rectification"
  | "eps"
  | "weightDecay"
  | "decayed";

/**
 * Adam that trusts the mean of g² only once enough gradients went into it, at step t:
 *
 *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  m̂ = m / (1 − β₁ᵗ)
 *     ρ∞ = 2 / (1 − β₂) − 1,  ρ = ρ∞ − 2·t·β₂ᵗ / (1 − β₂ᵗ)
 *     r = √((ρ − 4)·(ρ − 2)·ρ∞ / ((ρ∞ − 4)·(ρ∞ − 2)·ρ))
 *     p ← p − lr·m̂·r·√(1 − β₂ᵗ) / (√v + ε) where ρ > 5, else p ← p − lr·m̂
 *
 * Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020.
 *
 * @throws OptionError for an option out of range.
 */
export class RAdam extends Optimizer<Settings, Slot, Scalar> {
  constructor(options: RadamOptions & Grouped<RadamOptions> = {}) {
    const defaults = {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
    } as const;
    super({ ...defaults, ...options });
  }

  protected override check({ betas, eps, weightDecay }: Settings): void {
    checkBetas(this, betas);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
  }

  protected override slots(): readonly Slot[] {
    return ["expAvg", "expAvgSq"];
  }

  protected override scalars(step: number, options: Settings): Record<Scalar, number> {
    const { lr, betas, eps, weightDecay } = options;
    const [beta1, beta2] = betas;
    return {
      newShare1: 1 - beta1,
      beta2,
      newShare2: 1 - beta2,
      stepSize: lr / (1 - beta1 ** step),
      rectification: rectification(step, beta2),
      eps,
      weightDecay,
      decayed: 1 - lr * weightDecay,
    };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<Slot, Tensor>,
    scalars: Record<Scalar, Tensor>,
    { weightDecay, decoupledWeightDecay }: Settings,
  ): Updated<Slot> {
    const { newShare1, beta2, newShare2, stepSize, rectification: r, eps } = scalars;
    const decoupled = decoupledWeightDecay && weightDecay !== 0;
    const g = decoupled ? gradient : penalized(gradient, parameter, weightDecay, scalars.weightDecay);
    const p = decoupled ? parameter.mul(scalars.decayed) : parameter;
    const expAvg = state.expAvg.add(g.sub(state.expAvg).mul(newShare1));
    const expAvgSq = state.expAvgSq.mul(beta2).add(g.mul(newShare2).mul(g));
    // A captured step must serve both kinds: which one it is comes from the host.
    const adaptive = where(r.greater(0), r.div(expAvgSq.sqrt().add(eps)), 1);
    return { parameter: p.sub(expAvg.mul(stepSize).mul(adaptive)), expAvg, expAvgSq };
  }
}

/** r·√(1 − β₂ᵗ), or 0 where the step is not to be adapted. */
function rectification(step: number, beta2: number): number {
  const limit = 2 / (1 - beta2) - 1;
  const correction = 1 - beta2 ** step;
  const length = limit - (2 * step * beta2 ** step) / correction;
  if (length <= 5) return 0;
  const variance = ((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length);
  return Math.sqrt(variance * correction);
}
