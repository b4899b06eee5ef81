import type { Batch } from "@chainrule/data";
import type { Scheduler } from "@chainrule/optim";
import { type Batches, release } from "./batches.ts";
import type { Breather } from "./breather.ts";
import { EpochLog } from "./epoch-log.ts";
import type { TrainStep } from "./step/train-step.ts";
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
  const log = new EpochLog(run, step);
  const asking = run.callbacks.filter((callback) => callback.onStepEnd !== undefined);
  const willAsk = (): boolean => asking.some((callback) => callback.readsLoss?.() ?? true);
  let { lr } = run.optimizer;
  stopWhereAborted();
  const iterator = batches[Symbol.asyncIterator]();
  try {
    while (!run.stopped) {
      const start = performance.now();
      const next = await iterator.next();
      if (next.done) break;
      const batch: Batch = next.value;
      if (step.mustRead) await log.read();
      ({ lr } = run.optimizer);
      run.step++;
      await step.run(batch.x, batch.y);
      log.add(batch.x.shape[0] ?? 1, lr);
      if (step.mustRead || (!step.readsSync && willAsk())) await log.read();
      release(batches, batch);
      scheduler?.step();
      const record = log.record(performance.now() - start);
      for (const callback of asking) callback.onStepEnd!(record, run);
      if (breather.due) await breather.breathe();
      stopWhereAborted();
    }
    await log.read();
  } catch (error) {
    // What is still unread settles where the optimiser stands; the first error is the one to tell.
    await log.read().catch(() => {});
    throw error;
  } finally {
    await iterator.return?.();
  }
  return { loss: log.meanLoss, lr };
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : String(reason);
}
