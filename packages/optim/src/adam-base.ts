import type { Tensor } from "@chainrule/core";
import { checkBetas, checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";

/** Options of Adam and AdamW; only the default of `weightDecay` differs. */
export interface AdamOptions {
  /** The learning rate; 1e-3 unless given. */
  lr?: number;
  /** β₁ and β₂, the decay of the running means of g and g²; 0.9 and 0.999 unless given. */
  betas?: readonly [number, number];
  /** ε, added to the denominator; 1e-8 unless given. */
  eps?: number;
  /** λ: Adam adds λ·p to the gradient (0 unless given), AdamW shrinks p by lr·λ (0.01 unless given). */
  weightDecay?: number;
  /** Whether to divide by the largest running mean of g² so far; false unless given. */
  amsgrad?: boolean;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

/** The running means of a parameter's gradient and of its square, and the largest of the latter. */
export type AdamSlot = "expAvg" | "expAvgSq" | "maxExpAvgSq";

/** What the rules need of the host. */
export type AdamScalar =
  | "newShare1"
  | "beta2"
  | "newShare2"
  | "stepSize"
  | "correction2"
  | "eps"
  | "weightDecay"
  | "decayed";

/** What Adam and AdamW share: all but where the weight decays. */
export abstract class AdamBase extends Optimizer<Required<AdamOptions>, AdamSlot, AdamScalar> {
  constructor(weightDecay: number, options: AdamOptions & Grouped<AdamOptions>) {
    const defaults = {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay,
      amsgrad: false,
      maximize: false,
    } as const;
    super({ ...defaults, ...options });
  }

  protected override check({ betas, eps, weightDecay }: Required<AdamOptions>): void {
    checkBetas(this, betas);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
  }

  protected override slots(options: Required<AdamOptions>): readonly AdamSlot[] {
    return options.amsgrad ? ["expAvg", "expAvgSq", "maxExpAvgSq"] : ["expAvg", "expAvgSq"];
  }

  /** In float64, bias corrections included, as PyTorch computes them. */
  protected override scalars(step: number, options: Required<AdamOptions>): Record<AdamScalar, number> {
    const { lr, betas, eps, weightDecay } = options;
    const [beta1, beta2] = betas;
    return {
      newShare1: 1 - beta1,
      beta2,
      newShare2: 1 - beta2,
      stepSize: lr / (1 - beta1 ** step),
      correction2: Math.sqrt(1 - beta2 ** step),
      eps,
      weightDecay,
      decayed: 1 - lr * weightDecay,
    };
  }

  /** One step without weight decay, in PyTorch's order of operations. */
  protected adam(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<AdamSlot, Tensor>,
    scalars: Record<AdamScalar, Tensor>,
    options: Required<AdamOptions>,
  ): Updated<AdamSlot> {
    const { newShare1, beta2, newShare2, stepSize, correction2, eps } = scalars;
    const expAvg = state.expAvg.add(gradient.sub(state.expAvg).mul(newShare1));
    const expAvgSq = state.expAvgSq.mul(beta2).add(gradient.mul(newShare2).mul(gradient));
    const maxExpAvgSq = options.amsgrad ? state.maxExpAvgSq.maximum(expAvgSq) : null;
    const denominator = (maxExpAvgSq ?? expAvgSq).sqrt().div(correction2).add(eps);
    const next = parameter.sub(expAvg.mul(stepSize).div(denominator));
    return { parameter: next, expAvg, expAvgSq, ...(maxExpAvgSq && { maxExpAvgSq }) };
  }
}
