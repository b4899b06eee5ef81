import { compile, realize, type Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { differentiate, type Derivatives, type StepOptions } from "./objective.ts";
import type { Stepper } from "./stepper.ts";

/**
 * A training step in two captured halves: loss and gradients, then the update, which is run only where the first half
 * came out finite. So a step that meets a NaN or an infinity changes nothing: not the weights, not the model's
 * buffers, not the optimiser's state.
 *
 * The check costs one number read and one pass over the gradients: 3 % of an MLP step on the CPU backend. The loss
 * alone does not tell, since gradients can be infinite under a finite loss.
 */
export class ReadStep implements Stepper {
  readonly #model: Module;
  readonly #options: StepOptions;
  readonly #differentiate: (x: Tensor, y: Tensor) => Derivatives;
  readonly #update: (gradients: readonly Tensor[], buffers: readonly Tensor[]) => void;
  #loss: number | null = null;

  constructor(model: Module, options: StepOptions) {
    this.#model = model;
    this.#options = options;
    const first = (x: Tensor, y: Tensor): Derivatives => differentiate(model, options, x, y);
    const update = (gradients: readonly Tensor[], buffers: readonly Tensor[]): void => {
      model.buffers().forEach((buffer, i) => buffer.assign(buffers[i]!));
      options.optimizer.update(model.parameters(), gradients);
    };
    this.#differentiate = options.capture ? compile(first, { reuseOutputs: true }) : first;
    this.#update = options.capture ? compile(update) : update;
  }

  get unread(): number {
    return this.#loss === null ? 0 : 1;
  }

  get isFull(): boolean {
    return this.#loss !== null;
  }

  async run(x: Tensor, y: Tensor): Promise<void> {
    const { capture, optimizer } = this.#options;
    const { checked, gradients, buffers } = this.#differentiate(x, y);
    if (!capture) await realize(checked, ...gradients, ...buffers);
    const loss = await checked.item();
    if (Number.isFinite(loss)) {
      this.#update(gradients, buffers);
      if (!capture) {
        const state = Object.values(optimizer.stateDict().tensors);
        await realize(...this.#model.parameters(), ...this.#model.buffers(), ...state);
      }
    }
    this.#loss = loss;
  }

  losses(): Promise<readonly number[]> {
    return Promise.resolve(this.lossesSync());
  }

  lossesSync(): readonly number[] {
    const losses = this.#loss === null ? [] : [this.#loss];
    this.#loss = null;
    return losses;
  }
}
