import type { Module } from "@chainrule/nn";
import type { Optimizer } from "@chainrule/optim";
import type { BackendInfo, EpochRecord, History } from "./history.ts";

/** The run that a callback is called from. */
export interface Run {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly backend: BackendInfo;
  /** Epochs planned. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly examplesPerEpoch: number;
  /** Ends training after the present step or epoch; `reason` goes into the history. */
  readonly stop: (reason: string) => void;
}

/** What one step came to. */
export interface StepRecord {
  /** Both counted from 1, `step` within its epoch. */
  readonly epoch: number;
  readonly step: number;
  /** Examples seen in this epoch. */
  readonly examples: number;
  /**
   * The mean loss of the step's batch, before its update. Where the backend runs ahead, asking for it waits for the
   * step, and is where a DivergedError is thrown for this step or one before it.
   */
  readonly loss: number;
  /** Time for loading the batch and for the step; where the backend runs ahead, until the step was handed to it. */
  readonly milliseconds: number;
}

/** Hooks into a run; each is optional, and those that return a promise are waited for. */
export interface Callback {
  onTrainStart?(run: Run): unknown;
  /** `epoch` counts from 1. */
  onEpochStart?(epoch: number, run: Run): unknown;
  /** Called at every step, so not awaited: it must be quick. */
  onStepEnd?(record: StepRecord, run: Run): unknown;
  /**
   * Whether `onStepEnd` will look at the loss of the step just taken; without it that is assumed. Asked only where a
   * backend cannot be read at once, so that the loss must be read before.
   */
  readsLoss?(): boolean;
  onEpochEnd?(record: EpochRecord, run: Run): unknown;
  /** Called however training ends, also where a step failed. */
  onTrainEnd?(history: History, run: Run): unknown;
}
