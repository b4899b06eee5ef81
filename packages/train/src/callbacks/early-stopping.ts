import { OptionError, tensor, type TypedArray } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import type { Callback } from "../callback.ts";
import { Monitor, type MonitorOptions } from "./monitor.ts";

/** When training is to end early. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training ends; default 3. */
  readonly patience?: number;
  /** Whether the model ends with the weights of its best epoch; default true. */
  readonly restoreBest?: boolean;
}

/**
 * Ends training once the monitored figure has not improved for `patience` epochs.
 *
 * @throws OptionError for options outside their range, and at the first epoch where the figure is not measured.
 * @see Prechelt, "Early stopping – but when?", 1998
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { patience = 3, restoreBest = true } = options;
  if (!Number.isSafeInteger(patience) || patience < 1) {
    throw new OptionError(`earlyStopping: patience is ${patience}; it must be an integer of at least 1`);
  }
  const monitor = new Monitor(options);
  let waited = 0;
  let best: Snapshot | null = null;
  return {
    onTrainStart: () => {
      monitor.reset();
      waited = 0;
      best = null;
    },
    onEpochEnd: async (record, run) => {
      if (monitor.improves(record)) {
        waited = 0;
        if (restoreBest) best = await takeSnapshot(run.model);
      } else if (++waited >= patience) {
        run.stop(`${monitor.name} did not improve on ${monitor.best} for ${patience} epochs`);
      }
    },
    onTrainEnd: (_, { model }) => {
      if (best) restore(model, best);
    },
  };
}

type Snapshot = ReadonlyMap<string, TypedArray>;

async function takeSnapshot(model: Module): Promise<Snapshot> {
  const entries = Object.entries(model.stateDict());
  return new Map(
    await Promise.all(entries.map(async ([name, value]) => [name, await value.data()] as const)),
  );
}

function restore(model: Module, snapshot: Snapshot): void {
  const state = Object.entries(model.stateDict()).map(([name, { shape, dtype }]) => {
    return [name, tensor(snapshot.get(name)!, { shape, dtype })];
  });
  model.loadStateDict(Object.fromEntries(state));
}
