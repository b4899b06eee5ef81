import { getBackend, type Backend, type Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { GuardedStep } from "./guarded-step.ts";
import type { StepOptions } from "./objective.ts";
import { ReadStep } from "./read-step.ts";
import type { Stepper } from "./stepper.ts";

/**
 * The training step of a run, taken in the way that suits the backend which holds the parameters, and in another once
 * they are moved. Where the backend runs ahead of the host (`runsAhead`) a captured step reads nothing back, and what
 * it came to is learnt when the losses are asked for; elsewhere a read is cheaper than what would avoid it.
 */
export class TrainStep {
  readonly #model: Module;
  readonly #options: StepOptions;
  /** The first parameter: all are on one backend. */
  readonly #first: Tensor;
  #stepper: Stepper | null = null;
  /** What the stepper was chosen for. */
  #backend: Backend | null = null;

  constructor(model: Module, options: StepOptions) {
    this.#model = model;
    this.#options = options;
    this.#first = model.parameters()[0]!;
  }

  /** Whether the losses must be asked for before another step is taken: there are many, or the model was moved. */
  get mustRead(): boolean {
    if (this.#stepper === null || this.#stepper.unread === 0) return false;
    return this.#stepper.isFull || this.#backend !== this.#present();
  }

  /** Whether `lossesSync` can answer now. */
  get readsSync(): boolean {
    return this.#stepper!.isFull || this.#backend!.capabilities.synchronousReads;
  }

  /** See `Stepper.run`; not while `mustRead`. */
  async run(x: Tensor, y: Tensor): Promise<void> {
    const backend = this.#present();
    if (this.#stepper === null || backend !== this.#backend) {
      this.#backend = backend;
      const isAhead = this.#options.capture && backend.capabilities.runsAhead === true;
      this.#stepper = new (isAhead ? GuardedStep : ReadStep)(this.#model, this.#options);
    }
    await this.#stepper.run(x, y);
  }

  /** See `Stepper.losses`. */
  async losses(): Promise<readonly number[]> {
    return (await this.#stepper?.losses()) ?? [];
  }

  /** See `Stepper.lossesSync`. */
  lossesSync(): readonly number[] {
    return this.#stepper?.lossesSync() ?? [];
  }

  /** The backend that holds the parameters, or will. */
  #present(): Backend {
    return getBackend(this.#first.backend ?? undefined);
  }
}
