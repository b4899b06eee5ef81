import { compile, realize, type Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { clipGradNorm, clipGradValue, type Optimizer } from "@chainrule/optim";
import type { Loss } from "./evaluate.ts";

/** A bound on the gradients: on the norm of all together, or on each element. */
export type Clip = { readonly norm: number } | { readonly value: number };

/** What a training step is made of. */
export interface TrainStepOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly clip?: Clip | undefined;
  /** Whether the step is captured once and replayed, or its graph built anew each time. */
  readonly capture: boolean;
}

/** What the first half of a step finds out. */
type Derivatives = {
  /** The loss plus 0·g for each gradient element g: not finite unless the loss and all gradients are. */
  readonly checked: Tensor;
  readonly gradients: readonly Tensor[];
  /** The values that the forward pass wants the model's buffers to have. */
  readonly buffers: readonly Tensor[];
};

/**
 * A training step in two captured halves: loss and gradients, then the update, which is run only where the first half
 * came out finite. So a step that meets a NaN or an infinity changes nothing: not the weights, not the model's
 * buffers, not the optimiser's state.
 *
 * The check costs one number read and one pass over the gradients, 3 % of an MLP step on the CPU backend. Choosing
 * between old and new values at each element of the update would need no read, but costs 9 % there; and the loss alone
 * does not tell, since gradients can be infinite under a finite loss.
 */
export class TrainStep {
  readonly #model: Module;
  readonly #options: TrainStepOptions;
  readonly #differentiate: (x: Tensor, y: Tensor) => Derivatives;
  readonly #update: (gradients: readonly Tensor[], buffers: readonly Tensor[]) => void;

  constructor(model: Module, options: TrainStepOptions) {
    this.#model = model;
    this.#options = options;
    const differentiate = (x: Tensor, y: Tensor): Derivatives => this.#derivatives(x, y);
    const update = (gradients: readonly Tensor[], buffers: readonly Tensor[]): void => {
      model.buffers().forEach((buffer, i) => buffer.assign(buffers[i]!));
      options.optimizer.update(model.parameters(), gradients);
    };
    this.#differentiate = options.capture ? compile(differentiate, { reuseOutputs: true }) : differentiate;
    this.#update = options.capture ? compile(update) : update;
  }

  /** Takes one step and gives its loss; where that or a gradient is not finite, the result is not and nothing changed. */
  async run(x: Tensor, y: Tensor): Promise<number> {
    const { capture, optimizer } = this.#options;
    const { checked, gradients, buffers } = this.#differentiate(x, y);
    if (!capture) await realize(checked, ...gradients, ...buffers);
    const loss = await checked.item();
    if (!Number.isFinite(loss)) return loss;
    this.#update(gradients, buffers);
    if (!capture) {
      const state = Object.values(optimizer.stateDict().tensors);
      await realize(...this.#model.parameters(), ...this.#model.buffers(), ...state);
    }
    return loss;
  }

  #derivatives(x: Tensor, y: Tensor): Derivatives {
    const model = this.#model;
    const held = model.buffers();
    const before = held.map((buffer) => buffer.stopGradient());
    const loss = this.#options.loss(model.forward(x), y);
    const buffers = held.map((buffer) => buffer.stopGradient());
    held.forEach((buffer, i) => buffer.assign(before[i]!));
    const gradients = this.#clip(loss.gradient(...model.parameters()));
    const checked = gradients.reduce((sum, gradient) => sum.add(gradient.mul(0).sum()), loss);
    return { checked, gradients, buffers };
  }

  #clip(gradients: Tensor[]): Tensor[] {
    const { clip } = this.#options;
    if (!clip) return gradients;
    return "norm" in clip
      ? clipGradNorm(gradients, clip.norm).gradients
      : clipGradValue(gradients, clip.value);
  }
}
