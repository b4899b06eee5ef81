import { Generator, IndexError, OptionError } from "@chainrule/core";
import type { Dataset, Fields } from "./dataset.ts";
import { isPromise, readBatch } from "./read-batch.ts";

/**
 * The examples of `dataset` at `indices`, in that order; nothing is copied.
 *
 * @throws IndexError for an index that the dataset does not have.
 */
export function subset<K extends string>(dataset: Dataset<K>, indices: ArrayLike<number>): Dataset<K> {
  const chosen = Int32Array.from(indices);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= dataset.length) {
      throw new IndexError(`subset: index ${index} of a dataset of ${dataset.length} examples`);
    }
  }
  return {
    length: chosen.length,
    get: (index) => {
      if (!(index in chosen)) throw new IndexError(`subset: example ${index} of ${chosen.length}`);
      return dataset.get(chosen[index]!);
    },
    batch: (rows) => {
      const mapped = rows.map((row) => chosen[row] ?? -1);
      const missing = mapped.indexOf(-1);
      if (missing >= 0) throw new IndexError(`subset: example ${rows[missing]} of ${chosen.length}`);
      return readBatch(dataset, mapped);
    },
  };
}

/** The first `count` examples, or all where there are fewer. */
export function take<K extends string>(dataset: Dataset<K>, count: number): Dataset<K> {
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError(`take: count is ${count}; give an integer of at least 1`);
  }
  return subset(
    dataset,
    Int32Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i),
  );
}

/**
 * Disjoint subsets of the given lengths, drawn by the permutation that `seed` fixes.
 *
 * @throws OptionError where the lengths are not counts that sum to the dataset's length.
 */
export function randomSplit<K extends string>(
  dataset: Dataset<K>,
  lengths: readonly number[],
  options: { readonly seed: number },
): Dataset<K>[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== dataset.length || lengths.some((length) => !Number.isInteger(length) || length < 0)) {
    throw new OptionError(
      `randomSplit: lengths ${lengths.join(" + ")} must be counts that sum to the dataset's ${dataset.length}`,
    );
  }
  const order = new Generator(options.seed).permutation(dataset.length);
  let start = 0;
  return lengths.map((length) => subset(dataset, order.subarray(start, (start += length))));
}

/** Each example passed through `change` as it is read; for work on whole batches use the loader's `map`. */
export function mapExamples<K extends string, L extends string>(
  dataset: Dataset<K>,
  change: (example: Fields<K>, index: number) => Fields<L> | Promise<Fields<L>>,
): Dataset<L> {
  return {
    length: dataset.length,
    get: (index) => {
      const example = dataset.get(index);
      return isPromise(example) ? example.then((read) => change(read, index)) : change(example, index);
    },
  };
}

/**
 * All examples as one batch: what a transform is fitted to.
 *
 * @throws OptionError where there are none.
 */
export async function readAll<K extends string>(dataset: Dataset<K>): Promise<Fields<K>> {
  if (dataset.length === 0) throw new OptionError("readAll: the dataset has no examples");
  return readBatch(
    dataset,
    Int32Array.from({ length: dataset.length }, (_, i) => i),
  );
}
