import { stat, writeFile } from "node:fs/promises";
import type { AugmentOptions } from "@chainrule/data";
import { writeFileAtomic } from "@chainrule/io/node";
import type { BackendInfo, History } from "@chainrule/train";

/** The JSON report of a run. */
export interface Report {
  readonly dataset: { readonly name: string; readonly train: number; readonly test: number };
  readonly backend: BackendInfo;
  readonly model: { readonly name: string; readonly parameters: number };
  readonly seed: number;
  /** How training images were changed at random; null where they were not. */
  readonly augmentation: AugmentOptions | null;
  readonly batchSize: number;
  readonly epochs: readonly {
    readonly epoch: number;
    readonly trainLoss: number;
    readonly testLoss: number | null;
    readonly testAccuracy: number | null;
    readonly seconds: number;
  }[];
  /** The share of right answers on the test images, after training. */
  readonly testAccuracy: number;
  /** `confusion[true digit][digit read]` */
  readonly confusion: readonly (readonly number[])[];
  /** Median over all steps, loading of the batch included. */
  readonly stepMilliseconds: number;
  /** From the first epoch's start to the last one's end. */
  readonly secondsTotal: number;
  readonly weightsSha256: string;
}

/** A report's epochs from a history. */
export function reportEpochs({ epochs }: History): Report["epochs"] {
  return epochs.map(({ epoch, trainLoss, testLoss, testAccuracy, seconds }) => ({
    epoch,
    trainLoss,
    testLoss,
    testAccuracy,
    seconds,
  }));
}

/** Writes the report: whole or not at all to a file, straight to a device or pipe. */
export async function writeReport(path: string, report: Report): Promise<void> {
  const text = `${formatReport(report)}\n`;
  const existing = await stat(path).catch(() => null);
  if (existing && !existing.isFile()) await writeFile(path, text);
  else await writeFileAtomic(path, text);
}

/** Indented JSON, with each list of numbers on one line so that the confusion matrix reads as one. */
function formatReport(report: Report): string {
  const json = JSON.stringify(report, null, 2);
  return json.replace(/\[[\d\s,]+\]/g, (list) => `[${list.slice(1, -1).trim().split(/,\s*/).join(", ")}]`);
}

/** The middle value, or the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
