import { OptionError } from "@chainrule/core";
import { type Batch, DataLoader, type Dataset } from "@chainrule/data";

/** Batches that can be gone through again and again: a DataLoader, or anything of its form. */
export interface Batches extends AsyncIterable<Batch> {
  /** Batches an epoch. */
  readonly length: number;
  /** Examples an epoch. */
  readonly examples: number;
}

/** Batches for a run without gradients: larger ones cost less per example, within a bounded memory. */
export const evaluationBatchSize = 500;

/** Batches as they are; a dataset is cut into batches of `batchSize`, in order. */
export function batchesOf(data: Dataset | Batches, batchSize: number = evaluationBatchSize): Batches {
  if (Symbol.asyncIterator in data) return data;
  if (typeof data?.length !== "number" || typeof data.get !== "function") {
    throw new OptionError("the data must be a DataLoader or a Dataset with `length` and `get`");
  }
  return new DataLoader(data, { batchSize });
}

/** Frees the tensors of a batch where no one else can hold them: a DataLoader makes new ones each time. */
export function release(batches: Batches, { x, y }: Batch): void {
  if (!(batches instanceof DataLoader)) return;
  x.dispose();
  y.dispose();
}
