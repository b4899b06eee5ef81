import { OptionError } from "@chainrule/core";
import type { Callback, Run } from "@chainrule/train";
import { type InspectOptions, inspectLayers, type LayerReport } from "./inspect-layers.ts";

/** Options of `layerMonitor`. */
export interface LayerMonitorOptions extends InspectOptions {
  /** Epochs between two reports; default 1. */
  readonly every?: number;
  /** Receives each warning once, when it first appears. */
  readonly warn?: (message: string) => void;
}

/** A report and the epochs that were over when it was made, 0 for before training. */
export interface EpochReport {
  readonly epoch: number;
  readonly report: LayerReport;
}

/** A callback that keeps what it saw. */
export interface LayerMonitor extends Callback {
  readonly reports: readonly EpochReport[];
}

/**
 * A callback of `fit` that inspects the layers on one batch, before training and after each epoch, and warns of dead
 * units, saturation, vanishing and exploding gradients, naming the layer and the cure. See `inspectLayers`.
 *
 * @throws OptionError unless `every` is a whole number ≥ 1.
 */
export function layerMonitor(options: LayerMonitorOptions): LayerMonitor {
  const { every = 1, warn } = options;
  if (!Number.isInteger(every) || every < 1) {
    throw new OptionError(`layerMonitor: every is ${every}; it must be a whole number of at least 1`);
  }
  const reports: EpochReport[] = [];
  const said = new Set<string>();
  const look = async (epoch: number, { model }: Run): Promise<void> => {
    const report = await inspectLayers(model, options);
    reports.push({ epoch, report });
    for (const { kind, where, message } of report.findings) {
      if (said.has(`${kind} ${where}`)) continue;
      said.add(`${kind} ${where}`);
      warn?.(`${epoch === 0 ? "before training" : `after epoch ${epoch}`}: ${message}`);
    }
  };
  return {
    reports,
    onTrainStart: (run) => {
      reports.length = 0;
      said.clear();
      return look(0, run);
    },
    onEpochEnd: ({ epoch }, run) => (epoch % every === 0 ? look(epoch, run) : undefined),
  };
}
