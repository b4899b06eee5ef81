import { OptionError, random, StateError, type Tensor, tensor } from "@chainrule/core";
import type { Dataset, Fields } from "./dataset.ts";
import { epochOrder } from "./order.ts";
import { isPromise, readBatch } from "./read-batch.ts";

/** Tensors by field name; the first axis of each counts the examples. */
export type Batch<K extends string = "x" | "y"> = Readonly<Record<K, Tensor>>;

/** How a DataLoader cuts a dataset into batches. */
export interface DataLoaderOptions<K extends string = "x" | "y"> {
  /** Examples a batch; default 1. */
  readonly batchSize?: number;
  /** Whether every epoch has its own random order; default false. */
  readonly shuffle?: boolean;
  /** Fixes the orders on every backend; default: drawn from core's default generator. */
  readonly seed?: number;
  /** Whether to leave out a last batch that is smaller; default false. */
  readonly dropLast?: boolean;
  /** Changes each batch on the host before it becomes tensors: augmentation, normalisation, reshaping. */
  readonly map?: (batch: Fields<K>) => Fields<K> | Promise<Fields<K>>;
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
    const { batchSize = 1, dropLast = false, prefetch = 0, seed } = options;
    checkInteger("batchSize", batchSize, 1);
    checkInteger("prefetch", prefetch, 0);
    if (seed !== undefined) checkInteger("seed", seed, 0);
    checkInteger("the dataset's length", dataset.length, 1);
    const batches = dataset.length / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.length === 0) {
      throw new OptionError(
        `DataLoader: batchSize ${batchSize} with dropLast leaves no batch of ${dataset.length} examples`,
      );
    }
    this.examples = dropLast ? this.length * batchSize : dataset.length;
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
    const order = this.#beginEpoch();
    for (let i = 0; i < this.length; i++) {
      const fields = this.#read(order, i);
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
    const order = this.#beginEpoch();
    const reads: (Fields<K> | Promise<Fields<K>>)[] = [];
    for (let i = 0, next = 0; i < this.length; i++) {
      while (next < this.length && next <= i + prefetch) {
        const read = this.#read(order, next++);
        // A read that fails is reported when its turn comes, or not at all if the loop ends before.
        if (isPromise(read)) read.catch(() => {});
        reads.push(read);
      }
      yield toTensors(await reads.shift()!);
    }
  }

  #beginEpoch(): Int32Array {
    const epoch = this.#epoch++;
    const { length } = this.dataset;
    return this.#options.shuffle
      ? epochOrder(length, this.#seed, epoch)
      : Int32Array.from({ length }, (_, index) => index);
  }

  #read(order: Int32Array, batch: number): Fields<K> | Promise<Fields<K>> {
    const { map } = this.#options;
    const start = batch * this.batchSize;
    const fields = readBatch(this.dataset, order.subarray(start, start + this.batchSize));
    if (!map) return fields;
    return isPromise(fields) ? fields.then(map) : map(fields);
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

function checkInteger(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new OptionError(`DataLoader: ${what} is ${value}; it must be an integer of at least ${least}`);
  }
}
