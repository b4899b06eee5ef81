import type { Tensor } from "@chainrule/core";
import { checkBetas, checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";

/** Options of Lion. */
export interface LionOptions {
  /** The learning rate, 3 to 10 times below Adam's; 1e-4 unless given. */
  lr?: number;
  /** β₁, what of the momentum goes into the step, and β₂, its decay; 0.9 and 0.99 unless given. */
  betas?: readonly [number, number];
  /** λ: p shrinks by lr·λ; 0 unless given. */
  weightDecay?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<LionOptions>;
type Scalar = "lr" | "beta1" | "newShare1" | "beta2" | "newShare2" | "decayed";

/**
 * Steps of one size, in the direction of the sign of the momentum:
 *
 *     p ← (1 − lr·λ)·p − lr·sign(β₁·m + (1 − β₁)·g)
 *     m ← β₂·m + (1 − β₂)·g
 *
 * Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.
 *
 * @throws OptionError for an option out of range.
 */
export class Lion extends Optimizer<Settings, "expAvg", Scalar> {
  constructor(options: LionOptions & Grouped<LionOptions> = {}) {
    super({ lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false, ...options });
  }

  protected override check({ betas, weightDecay }: Settings): void {
    checkBetas(this, betas);
    checkRange(this, "weightDecay", weightDecay, 0);
  }

  protected override slots(): readonly "expAvg"[] {
    return ["expAvg"];
  }

  protected override scalars(
    _step: number,
    { lr, betas: [beta1, beta2], weightDecay }: Settings,
  ): Record<Scalar, number> {
    return { lr, beta1, newShare1: 1 - beta1, beta2, newShare2: 1 - beta2, decayed: 1 - lr * weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<"expAvg", Tensor>,
    { lr, beta1, newShare1, beta2, newShare2, decayed }: Record<Scalar, Tensor>,
    { weightDecay }: Settings,
  ): Updated<"expAvg"> {
    const direction = state.expAvg.mul(beta1).add(gradient.mul(newShare1)).sign();
    const p = weightDecay === 0 ? parameter : parameter.mul(decayed);
    const expAvg = state.expAvg.mul(beta2).add(gradient.mul(newShare2));
    return { parameter: p.sub(direction.mul(lr)), expAvg };
  }
}
