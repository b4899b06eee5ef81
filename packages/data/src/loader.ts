import { OptionError, random, StateError, type Tensor, tensor } from "@chainrule/core";
import type { Dataset, Fields } from "./dataset.ts";
import { epochOrder } from "./order.ts";
import { isPromise, readBatch } from "./read-batch.ts";
import type { Sampler } from "./sampler.ts";

/** Tensors by field name; the first axis of each counts the examples. */
export type Batch<K extends string = "x" | "y"> = Readonly<Record<K, Tensor>>;

/** Where a batch comes from: what `map` needs to give each example its own random numbers. */
export interface BatchInfo {
  /** The epoch's number, from 0. */
  readonly epoch: number;
  /** The example of the dataset that each row is. */
  readonly indices: Int32Array;
}

/** How a DataLoader cuts a dataset into batches. */
export interface DataLoaderOptions<K extends string = "x" | "y"> {
  /** Examples a batch; default 1. */
  readonly batchSize?: number;
  /** Whether every epoch has its own random order; default false. */
  readonly shuffle?: boolean;
  /** Draws each epoch's examples, in place of all of them: `weightedSampler`, `balancedSampler`. Not with `shuffle`. */
  readonly sampler?: Sampler;
  /** Fixes the orders on every backend; default: drawn from core's default generator. */
  readonly seed?: number;
  /** Whether to leave out a last batch that is smaller; default false. */
  readonly dropLast?: boolean;
  /** Changes each batch on the host before it becomes tensors: augmentation, normalisation, reshaping. */
  readonly map?: (batch: Fields<K>, info: BatchInfo) => Fields<K> | Promise<Fields<K>>;
  /** Batches read ahead of the one in use, for datasets or maps that return promises; default 0. */
  readonly prefetch?: number;
}

/** What fixes the orders still to come; plain JSON. */
export interface LoaderState {
  readonly seed: number;
  /** Epochs begun so far. */
  readonly epoch: number;
}

/**
 * Batches of a dataset, as tensors.
 *
 * `for await (const { x, y } of loader)` runs one epoch; each run is the next epoch with its own order, a
 * permutation fixed by (seed, epoch) alone. Plain `for` does the same without promises, for data in memory.
 *
 * @throws OptionError for options outside their range, an empty dataset, or a `dropLast` that leaves no batch.
 */
export class DataLoader<K extends string = "x" | "y"> implements AsyncIterable<Batch<K>>, Iterable<Batch<K>> {
  readonly dataset: Dataset<K>;
  readonly batchSize: number;
  /** Batches an epoch. */
  readonly length: number;
  /** Examples an epoch. */
  readonly examples: number;
  readonly #options: DataLoaderOptions<K>;
  #seed: number;
  #epoch = 0;

  constructor(dataset: Dataset<K>, options: DataLoaderOptions<K> = {}) {
    const { batchSize = 1, dropLast = false, prefetch = 0, seed, sampler } = options;
    checkInteger("batchSize", batchSize, 1);
    checkInteger("prefetch", prefetch, 0);
    if (seed !== undefined) checkInteger("seed", seed, 0);
    checkInteger("the dataset's length", dataset.length, 1);
    if (sampler) checkSampler(sampler, dataset.length, options.shuffle ?? false);
    const count = sampler?.length ?? dataset.length;
    const batches = count / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.length === 0) {
      throw new OptionError(
        `DataLoader: batchSize ${batchSize} with dropLast leaves no batch of ${count} examples`,
      );
    }
    this.examples = dropLast ? this.length * batchSize : count;
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#options = options;
    this.#seed = seed ?? random.defaultGenerator.nextKey()[0]! >>> 0;
  }

  /** The state that fixes all epochs to come: store it with a checkpoint, assign it to carry on. */
  get state(): LoaderState {
    return { seed: this.#seed, epoch: this.#epoch };
  }

  set state({ seed, epoch }: LoaderState) {
    checkInteger("state.seed", seed, 0);
    checkInteger("state.epoch", epoch, 0);
    this.#seed = seed;
    this.#epoch = epoch;
  }

  /** One epoch without promises. @throws StateError where the dataset or the map returns a promise. */
  *[Symbol.iterator](): Generator<Batch<K>, void, undefined> {
    const info = this.#beginEpoch();
    for (let i = 0; i < this.length; i++) {
      const fields = this.#read(info, i);
      if (isPromise(fields)) {
        fields.catch(() => {});
        throw new StateError("DataLoader: this data arrives by promise; iterate with `for await`");
      }
      yield toTensors(fields);
    }
  }

  /** One epoch, reading up to `prefetch` batches ahead. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<K>, void, undefined> {
    const { prefetch = 0 } = this.#options;
    const info = this.#beginEpoch();
    const reads: (Fields<K> | Promise<Fields<K>>)[] = [];
    for (let i = 0, next = 0; i < this.length; i++) {
      while (next < this.length && next <= i + prefetch) {
        const read = this.#read(info, next++);
        // A read that fails is reported when its turn comes, or not at all if the loop ends before.
        if (isPromise(read)) read.catch(() => {});
        reads.push(read);
      }
      yield toTensors(await reads.shift()!);
    }
  }

  /** The next epoch with all of its examples in order. */
  #beginEpoch(): BatchInfo {
    const epoch = this.#epoch++;
    const { sampler, shuffle } = this.#options;
    const { length } = this.dataset;
    if (sampler) return { epoch, indices: sampler.order(this.#seed, epoch) };
    const indices = shuffle
      ? epochOrder(length, this.#seed, epoch)
      : Int32Array.from({ length }, (_, index) => index);
    return { epoch, indices };
  }

  #read({ epoch, indices }: BatchInfo, batch: number): Fields<K> | Promise<Fields<K>> {
    const { map } = this.#options;
    const start = batch * this.batchSize;
    const rows = indices.subarray(start, start + this.batchSize);
    const fields = readBatch(this.dataset, rows);
    if (!map) return fields;
    const info = { epoch, indices: rows };
    return isPromise(fields) ? fields.then((read) => map(read, info)) : map(fields, info);
  }
}

function toTensors<K extends string>(fields: Fields<K>): Batch<K> {
  const batch: Partial<Record<K, Tensor>> = {};
  for (const name of Object.keys(fields) as K[]) {
    const { data, shape, dtype } = fields[name];
    batch[name] = tensor(data, dtype ? { shape, dtype } : { shape });
  }
  return batch as Batch<K>;
}

function checkSampler(sampler: Sampler, length: number, shuffle: boolean): void {
  if (sampler.datasetLength !== length) {
    throw new OptionError(
      `DataLoader: the sampler was made for ${sampler.datasetLength} examples, and the dataset has ${length}`,
    );
  }
  if (shuffle) throw new OptionError("DataLoader: a sampler fixes the order; leave out shuffle");
}

function checkInteger(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new OptionError(`DataLoader: ${what} is ${value}; it must be an integer of at least ${least}`);
  }
}
