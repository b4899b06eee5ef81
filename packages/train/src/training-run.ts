import { getBackend, OptionError } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import type { Optimizer } from "@chainrule/optim";
import type { Batches } from "./batches.ts";
import type { Callback, Run } from "./callback.ts";
import type { BackendInfo, EpochRecord, History, Stop } from "./history.ts";

/** The state of one `fit`: what callbacks see of it, and the history as it grows. */
export class TrainingRun implements Run {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly backend: BackendInfo;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly examplesPerEpoch: number;
  readonly callbacks: readonly Callback[];
  readonly records: EpochRecord[] = [];
  /** Where training is; both counted from 1, `step` within its epoch. */
  epoch = 0;
  step = 0;
  steps = 0;
  #stop: Stop | null = null;

  constructor(
    model: Module,
    optimizer: Optimizer,
    data: Batches,
    options: { epochs: number; callbacks: readonly Callback[] },
  ) {
    const { epochs, callbacks } = options;
    if (!Number.isSafeInteger(epochs) || epochs < 1) {
      throw new OptionError(`fit: epochs is ${epochs}; it must be an integer of at least 1`);
    }
    if (model.parameters().length === 0) throw new OptionError("fit: the model has no parameters to train");
    const { name, mode, threads } = getBackend();
    this.model = model;
    this.optimizer = optimizer;
    this.backend = { name, mode, threads };
    this.epochs = epochs;
    this.stepsPerEpoch = data.length;
    this.examplesPerEpoch = data.examples;
    this.callbacks = callbacks;
  }

  get stopped(): boolean {
    return this.#stop !== null;
  }

  get history(): History {
    return { backend: this.backend, epochs: [...this.records], steps: this.steps, stopped: this.#stop };
  }

  /** The first reason counts. */
  readonly stop = (reason: string): void => {
    this.#stop ??= { reason, epoch: this.epoch, step: this.step };
  };

  /** Calls a hook of each callback in turn. */
  async notify(hook: (callback: Callback) => unknown): Promise<void> {
    for (const callback of this.callbacks) await hook(callback);
  }
}
