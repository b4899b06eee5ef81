import { OptionError, type Tensor } from "@chainrule/core";
import { checkRange } from "./options.ts";
import { Optimizer, type Grouped, type Updated } from "./optimizer.ts";

/** Options of SGD. */
export interface SgdOptions {
  /** The learning rate; 1e-3 unless given. */
  lr?: number;
  /** μ, how much of the last step is kept; 0 unless given. */
  momentum?: number;
  /** τ, how much of the gradient the momentum leaves out; 0 unless given. */
  dampening?: number;
  /** Whether to look ahead by the momentum; false unless given. */
  nesterov?: boolean;
  /** λ, the L2 penalty added to the gradient; 0 unless given. */
  weightDecay?: number;
  /** Whether to climb instead of descend; false unless given. */
  maximize?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch has it:
 *
 *     g ← g + λ·p
 *     b ← μ·b + (1 − τ)·g    (b ← g at the first step)
 *     p ← p − lr·b           (nesterov: p ← p − lr·(g + μ·b))
 *
 * Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
 *
 * @throws OptionError for an option out of range, and for Nesterov's rule without momentum or with dampening.
 */
export class SGD extends Optimizer<
  Required<SgdOptions>,
  "momentumBuffer",
  "lr" | "momentum" | "undamped" | "weightDecay"
> {
  constructor(options: SgdOptions & Grouped<SgdOptions> = {}) {
    const defaults = {
      lr: 1e-3,
      momentum: 0,
      dampening: 0,
      nesterov: false,
      weightDecay: 0,
      maximize: false,
    };
    super({ ...defaults, ...options });
  }

  protected override check({ momentum, dampening, nesterov, weightDecay }: Required<SgdOptions>): void {
    checkRange(this, "momentum", momentum, 0);
    checkRange(this, "weightDecay", weightDecay, 0);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new OptionError(
        `SGD: nesterov needs a momentum above 0 and no dampening, not momentum ${momentum}, dampening ${dampening}`,
      );
    }
  }

  protected override slots(options: Required<SgdOptions>): readonly "momentumBuffer"[] {
    return options.momentum === 0 ? [] : ["momentumBuffer"];
  }

  protected override scalars(
    step: number,
    { lr, momentum, dampening, weightDecay }: Required<SgdOptions>,
  ): Record<"lr" | "momentum" | "undamped" | "weightDecay", number> {
    return { lr, momentum, undamped: step === 1 ? 1 : 1 - dampening, weightDecay };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<"momentumBuffer", Tensor>,
    scalars: Record<"lr" | "momentum" | "undamped" | "weightDecay", Tensor>,
    { momentum, nesterov, weightDecay }: Required<SgdOptions>,
  ): Updated<"momentumBuffer"> {
    const g = weightDecay === 0 ? gradient : gradient.add(parameter.mul(scalars.weightDecay));
    if (momentum === 0) return { parameter: parameter.sub(g.mul(scalars.lr)) };
    const momentumBuffer = state.momentumBuffer.mul(scalars.momentum).add(g.mul(scalars.undamped));
    const direction = nesterov ? g.add(momentumBuffer.mul(scalars.momentum)) : momentumBuffer;
    return { parameter: parameter.sub(direction.mul(scalars.lr)), momentumBuffer };
  }
}
