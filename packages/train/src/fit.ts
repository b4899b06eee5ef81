import { OptionError } from "@chainrule/core";
import type { Dataset } from "@chainrule/data";
import type { Module } from "@chainrule/nn";
import { type Optimizer, type Schedule, Scheduler } from "@chainrule/optim";
import { type Batches, batchesOf } from "./batches.ts";
import { Breather } from "./breather.ts";
import type { Callback } from "./callback.ts";
import { describeBackend, describeEpoch } from "./describe.ts";
import { createEvaluator, type Evaluator, type Loss, type Metric } from "./evaluate.ts";
import type { EpochRecord, History } from "./history.ts";
import { trainEpoch, type Training } from "./train-epoch.ts";
import type { Clip } from "./step/objective.ts";
import { TrainStep } from "./step/train-step.ts";
import { TrainingRun } from "./training-run.ts";

/** How to train. */
export interface FitOptions {
  /** The mean loss of a batch. */
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Times through the data. */
  readonly epochs: number;
  /** Data to measure on after each epoch. */
  readonly validation?: Dataset | Batches;
  /** Further measures on the validation data, as batch means. */
  readonly metrics?: Readonly<Record<string, Metric>>;
  readonly callbacks?: readonly Callback[];
  /** The learning rate's factor by step, counted from 0 over the whole run. */
  readonly schedule?: Schedule;
  readonly clip?: Clip;
  /** Ends training after the present step; the model keeps the weights so far. */
  readonly signal?: AbortSignal;
  /** Receives a line about the backend (its name, mode and threads), then one an epoch. */
  readonly log?: (line: string) => void;
  /** Whether steps are captured once and replayed (the default) or built anew each time, for the same numbers. */
  readonly capture?: boolean;
}

/**
 * Trains a model in place and returns the history of the run.
 *
 * Each step is θ ← optimiser(θ, ∇ loss(model(x), y)), captured for each batch size and replayed. After each epoch the
 * model is measured on `validation`, in evaluation mode. The model is left in the mode that it had.
 *
 * Where the backend runs ahead of the host, as a GPU does, a step reads nothing back: its loss is read when a callback
 * asks for it, every 512 steps, and at the end of the epoch. Until then the device itself sees to it that nothing
 * changes from the first bad step on.
 *
 * @throws DivergedError (a NumericError) naming the step whose loss or gradients are not finite; model and optimiser
 *   are as before that step.
 * @throws OptionError for a bad option, a model without parameters, or data without batches.
 */
export async function fit(model: Module, data: Dataset | Batches, options: FitOptions): Promise<History> {
  const { optimizer, loss, callbacks = [], schedule, clip, signal, capture = true } = options;
  const batches = batchesOf(data);
  if (batches.length === 0) throw new OptionError("fit: the data has no batches");
  const run = new TrainingRun(model, optimizer, batches, { epochs: options.epochs, callbacks });
  options.log?.(describeBackend(run.backend));
  const training: Training = {
    run,
    batches,
    step: new TrainStep(model, { loss, optimizer, clip, capture }),
    scheduler: schedule ? new Scheduler(optimizer, schedule) : undefined,
    signal,
    breather: new Breather(),
  };
  const evaluator = createEvaluator(model, { loss, metrics: options.metrics ?? {}, capture });
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  model.train();
  try {
    await run.notify((callback) => callback.onTrainStart?.(run));
    while (run.epoch < run.epochs && !run.stopped) await runEpoch(training, evaluator, options);
  } finally {
    for (const [module, mode] of modes) module.training = mode;
    await run.notify((callback) => callback.onTrainEnd?.(run.history, run));
  }
  return run.history;
}

/** One epoch with its validation; it is recorded unless training was stopped within it. */
async function runEpoch(training: Training, evaluator: Evaluator, options: FitOptions): Promise<void> {
  const { run } = training;
  const { validation, log } = options;
  const start = performance.now();
  run.epoch++;
  run.step = 0;
  await run.notify((callback) => callback.onEpochStart?.(run.epoch, run));
  const { loss, lr } = await trainEpoch(training);
  if (run.stopped) return;
  const evaluation = validation ? await evaluator(validation) : null;
  const record: EpochRecord = {
    epoch: run.epoch,
    trainLoss: loss,
    testLoss: evaluation?.loss ?? null,
    testAccuracy: evaluation?.accuracy ?? null,
    seconds: (performance.now() - start) / 1000,
    lr,
    metrics: evaluation?.metrics ?? {},
  };
  run.records.push(record);
  log?.(describeEpoch(record, run.epochs));
  await run.notify((callback) => callback.onEpochEnd?.(record, run));
}
