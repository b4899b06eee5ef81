import type { Tensor } from "@chainrule/core";
import { checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";
import { penalized } from "./penalty.ts";

/** Options of RMSprop. */
export interface RmspropOptions {
  /** The learning rate; 0.01 unless given. */
  lr?: number;
  /** α, the decay of the running means; 0.99 unless given. */
  alpha?: number;
  /** ε, added to the denominator; 1e-8 unless given. */
  eps?: number;
  /** λ, the L2 penalty added to the gradient; 0 unless given. */
  weightDecay?: number;
  /** μ, how much of the last step is kept; 0 unless given. */
  momentum?: number;
  /** Whether to divide by the deviation of g in place of its size; false unless given. */
  centered?: boolean;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

type Settings = Required<RmspropOptions>;
type Slot = "squareAvg" | "gradAvg" | "momentumBuffer";
type Scalar = "lr" | "alpha" | "newShare" | "eps" | "momentum" | "weightDecay";

/**
 * Steps divided by a running root mean square of the gradient:
 *
 *     g ← g + λ·p
 *     v ← α·v + (1 − α)·g²
 *     centered: m ← α·m + (1 − α)·g,  v̂ = v − m²;  else v̂ = v
 *     b ← μ·b + g / (√v̂ + ε),  p ← p − lr·b
 *
 * Tieleman and Hinton, "Lecture 6.5: RMSprop", Coursera 2012; centered: Graves, "Generating sequences with recurrent
 * neural networks", 2013. Where rounding makes v̂ negative it counts as 0, where PyTorch's rule gives NaN.
 *
 * @throws OptionError for an option out of range.
 */
export class RMSprop extends Optimizer<Settings, Slot, Scalar> {
  constructor(options: RmspropOptions & Grouped<RmspropOptions> = {}) {
    const defaults = { lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false };
    super({ ...defaults, maximize: false, ...options });
  }

  protected override check({ alpha, eps, weightDecay, momentum }: Settings): void {
    checkRange(this, "alpha", alpha, 0, 1, true);
    checkRange(this, "eps", eps, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
    checkRange(this, "momentum", momentum, 0);
  }

  protected override slots({ centered, momentum }: Settings): readonly Slot[] {
    const slots: Slot[] = ["squareAvg"];
    if (centered) slots.push("gradAvg");
    if (momentum !== 0) slots.push("momentumBuffer");
    return slots;
  }

  protected override scalars(_step: number, options: Settings): Record<Scalar, number> {
    const { lr, alpha, eps, momentum, weightDecay } = options;
    return { lr, alpha, newShare: 1 - alpha, eps, momentum, weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<Slot, Tensor>,
    scalars: Record<Scalar, Tensor>,
    { centered, momentum, weightDecay }: Settings,
  ): Updated<Slot> {
    const { lr, alpha, newShare, eps } = scalars;
    const g = penalized(gradient, parameter, weightDecay, scalars.weightDecay);
    const squareAvg = state.squareAvg.mul(alpha).add(g.square().mul(newShare));
    const gradAvg = centered ? state.gradAvg.add(g.sub(state.gradAvg).mul(newShare)) : null;
    const spread = gradAvg ? squareAvg.sub(gradAvg.square()).maximum(0) : squareAvg;
    const scaled = g.div(spread.sqrt().add(eps));
    const momentumBuffer = momentum === 0 ? null : state.momentumBuffer.mul(scalars.momentum).add(scaled);
    return {
      parameter: parameter.sub((momentumBuffer ?? scaled).mul(lr)),
      squareAvg,
      ...(gradAvg && { gradAvg }),
      ...(momentumBuffer && { momentumBuffer }),
    };
  }
}
