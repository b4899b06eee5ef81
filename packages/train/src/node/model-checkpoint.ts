import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { saveSafetensors } from "@chainrule/io/node";
import type { Callback } from "../callback.ts";
import { Monitor, type MonitorOptions } from "../callbacks/monitor.ts";

/** What is saved, when and where. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /** The file, in which `{epoch}` stands for the epoch's number; folders are made where they are missing. */
  readonly path: string;
  /** Whether only epochs are saved that are the best so far by `monitor`; default false. */
  readonly bestOnly?: boolean;
}

/**
 * Saves the model's state after each epoch as safetensors, whole or not at all; the epoch's figures are its metadata.
 *
 * @throws the file system's error where the file cannot be written.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  const { path, bestOnly = false } = options;
  const monitor = new Monitor(options);
  return {
    onTrainStart: () => monitor.reset(),
    onEpochEnd: async (record, { model }) => {
      if (bestOnly && !monitor.improves(record)) return;
      const file = path.replaceAll("{epoch}", String(record.epoch));
      await mkdir(dirname(file), { recursive: true });
      await saveSafetensors(file, model.stateDict(), { format: "pt", epoch: JSON.stringify(record) });
    },
  };
}
