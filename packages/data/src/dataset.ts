import type { Dtype, TypedArray } from "@chainrule/core";

/** Row-major values on the host with their shape; `dtype` is needed only for `bool`, which is kept as bytes. */
export interface HostArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype?: Dtype;
}

/** Arrays by field name: one example, or one batch of examples where the first axis counts them. */
export type Fields<K extends string = "x" | "y"> = Readonly<Record<K, HostArray>>;

/**
 * Examples that can be read by index.
 *
 * `length` and `get` are enough; a dataset that can gather many rows at once also has `batch`, which loaders
 * then use. Both may return a promise, for data that is read when it is asked for.
 */
export interface Dataset<K extends string = "x" | "y"> {
  readonly length: number;
  /** The example at `index`, 0 ≤ index < length, without a batch axis. */
  get(index: number): Fields<K> | Promise<Fields<K>>;
  /** The examples at `indices`, stacked along a new first axis. */
  batch?(indices: Int32Array): Fields<K> | Promise<Fields<K>>;
}
