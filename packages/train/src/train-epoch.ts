import type { Batch } from "@chainrule/data";
import type { Scheduler } from "@chainrule/optim";
import { type Batches, release } from "./batches.ts";
import type { Breather } from "./breather.ts";
import { DivergedError } from "./diverged-error.ts";
import type { TrainStep } from "./train-step.ts";
import type { TrainingRun } from "./training-run.ts";

/** What the steps of a run need. */
export interface Training {
  readonly run: TrainingRun;
  readonly batches: Batches;
  readonly step: TrainStep;
  readonly scheduler: Scheduler | undefined;
  readonly signal: AbortSignal | undefined;
  readonly breather: Breather;
}

/** What the steps of one epoch came to. */
export interface TrainedEpoch {
  /** Mean over the examples. */
  readonly loss: number;
  /** The learning rate of the last step. */
  readonly lr: number;
}

/**
 * Goes through the data once, or until the run is stopped.
 *
 * @throws DivergedError where a step's loss or gradients are not finite.
 */
export async function trainEpoch(training: Training): Promise<TrainedEpoch> {
  const { run, batches, step, scheduler, signal, breather } = training;
  const stopWhereAborted = (): void => {
    if (signal?.aborted) run.stop(reasonOf(signal));
  };
  let { lr } = run.optimizer;
  let [total, examples] = [0, 0];
  stopWhereAborted();
  const iterator = batches[Symbol.asyncIterator]();
  try {
    while (!run.stopped) {
      const start = performance.now();
      const next = await iterator.next();
      if (next.done) break;
      const batch: Batch = next.value;
      ({ lr } = run.optimizer);
      run.step++;
      const loss = await step.run(batch.x, batch.y);
      if (!Number.isFinite(loss)) throw diverged(run, lr);
      run.steps++;
      const count = batch.x.shape[0] ?? 1;
      total += loss * count;
      examples += count;
      release(batches, batch);
      scheduler?.step();
      const milliseconds = performance.now() - start;
      const record = { epoch: run.epoch, step: run.step, examples, loss, milliseconds };
      for (const callback of run.callbacks) callback.onStepEnd?.(record, run);
      if (breather.due) await breather.breathe();
      stopWhereAborted();
    }
  } finally {
    await iterator.return?.();
  }
  return { loss: total / examples, lr };
}

function diverged(run: TrainingRun, lr: number): DivergedError {
  run.stop("the loss or a gradient was not finite");
  return new DivergedError(run.epoch, run.step, lr, run.history);
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : String(reason);
}
