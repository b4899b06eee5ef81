import type { Tensor } from "@chainrule/core";
import { checkBetas, checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of NAdam. */
export interface NadamOptions {
  /** The learning rate; 2e-3 unless given. */
  lr?: number;
  /** β₁ and β₂, the decay of the running means of g and g²; 0.9 and 0.999 unless given. */
  betas?: readonly [number, number];
  /** ε, added to the denominator; 1e-8 unless given. */
  eps?: number;
  /** λ, the penalty on the weights; 0 unless given. */
  weightDecay?: number;
  /** Whether the weights shrink by lr·λ as in AdamW, in place of adding λ·p to the gradient; false unless given. */
  decoupledWeightDecay?: boolean;
  /** ψ, how fast the momentum rises to β₁; 4e-3 unless given. */
  momentumDecay?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<NadamOptions>;
type Slot = "expAvg" | "expAvgSq";
type Scalar =
  | "newShare1"
  | "beta2"
  | "newShare2"
  | "gradientStep"
  | "momentumStep"
  | "correction2"
  | "eps"
  | "weightDecay"
  | "decayed";

/**
 * Adam with Nesterov's look ahead, at step t with μₜ = β₁·(1 − ½·0.96^(t·ψ)) and Mₜ = μ₁·…·μₜ:
 *
 *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²
 *     p ← p − lr·((1 − μₜ) / (1 − Mₜ) · g + μₜ₊₁ / (1 − Mₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
 *
 * @throws OptionError for an option out of range.
 */
export class NAdam extends Optimizer<Settings, Slot, Scalar> {
  /** The last products of momenta, by what they depend on besides the step: the next is one factor away. */
  readonly #products = new Map<string, { step: number; product: number }>();

  constructor(options: NadamOptions & Grouped<NadamOptions> = {}) {
    const defaults = {
      lr: 2e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      momentumDecay: 4e-3,
      maximize: false,
    } as const;
    super({ ...defaults, ...options });
  }

  protected override check({ betas, eps, weightDecay, momentumDecay }: Settings): void {
    checkBetas(this, betas);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
    checkRange(this, "momentumDecay", momentumDecay, 0);
  }

  protected override slots(): readonly Slot[] {
    return ["expAvg", "expAvgSq"];
  }

  protected override scalars(step: number, options: Settings): Record<Scalar, number> {
    const { lr, betas, eps, weightDecay } = options;
    const [beta1, beta2] = betas;
    const next = momentumAt(step + 1, options);
    const product = this.#product(step, options);
    return {
      newShare1: 1 - beta1,
      beta2,
      newShare2: 1 - beta2,
      gradientStep: (lr * (1 - momentumAt(step, options))) / (1 - product),
      momentumStep: (lr * next) / (1 - product * next),
      correction2: 1 - beta2 ** step,
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
    const { newShare1, beta2, newShare2, gradientStep, momentumStep, correction2, eps } = scalars;
    const decoupled = decoupledWeightDecay && weightDecay !== 0;
    const g = decoupled ? gradient : penalized(gradient, parameter, weightDecay, scalars.weightDecay);
    const p = decoupled ? parameter.mul(scalars.decayed) : parameter;
    const expAvg = state.expAvg.add(g.sub(state.expAvg).mul(newShare1));
    const expAvgSq = state.expAvgSq.mul(beta2).add(g.square().mul(newShare2));
    const denominator = expAvgSq.div(correction2).sqrt().add(eps);
    const step = g.mul(gradientStep).add(expAvg.mul(momentumStep)).div(denominator);
    return { parameter: p.sub(step), expAvg, expAvgSq };
  }

  /** M at a step. */
  #product(step: number, options: Settings): number {
    const key = `${options.betas[0]} ${options.momentumDecay}`;
    const last = this.#products.get(key);
    const from = last && last.step <= step ? last : { step: 0, product: 1 };
    let { product } = from;
    for (let t = from.step + 1; t <= step; t++) product *= momentumAt(t, options);
    this.#products.set(key, { step, product });
    return product;
  }
}

const momentumAt = (step: number, { betas, momentumDecay }: Settings): number =>
  betas[0] * (1 - 0.5 * 0.96 ** (step * momentumDecay));
