import * as indexing from "../ops/indexing.ts";
import * as products from "../ops/products.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import * as ops from "../ops/shaping.ts";
import type { SliceSpec } from "../ops/shaping.ts";
import { checkedShape, type Shape } from "../shape.ts";
import type { Handle } from "./handle.ts";
import { ReductionMethods } from "./reductions.ts";

const listOf = (values: readonly number[] | readonly [readonly number[]]): readonly number[] =>
  Array.isArray(values[0]) ? [...values[0]] : (values as readonly number[]);

/** Products, indexing, and operations that move elements without changing them. */
export abstract class ShapingMethods<T> extends ReductionMethods<T> {
  /** The matrix product over the last two axes; other axes broadcast, vectors are rows (left) and columns (right). */
  matmul(other: Handle<unknown>): T {
    return this.wrap(products.matmul(this.node, other.node));
  }
  /** Σ xᵢ·yᵢ of two vectors. */
  dot(other: Handle<unknown>): T {
    return this.wrap(products.dot(this.node, other.node));
  }
  /** The matrix of all products xᵢ·yⱼ of two vectors. */
  outer(other: Handle<unknown>): T {
    return this.wrap(products.outer(this.node, other.node));
  }
  /** Axes in another order: `permute(2, 0, 1)`. */
  permute(...order: readonly number[] | readonly [readonly number[]]): T {
    return this.wrap(ops.permute(this.node, listOf(order)));
  }
  /** Two axes exchanged, the last two by default. */
  transpose(axisA = -2, axisB = -1): T {
    return this.wrap(ops.transpose(this.node, axisA, axisB));
  }
  /** The last two axes exchanged. */
  get T(): T {
    return this.transpose();
  }
  /** The same elements in the same order under another shape; one size may be −1. */
  reshape(...shape: readonly number[] | readonly [Shape]): T {
    return this.wrap(ops.reshape(this.node, listOf(shape)));
  }
  /** The axes from `start` to `end` as one. */
  flatten(start = 0, end = -1): T {
    return this.wrap(ops.flatten(this.node, start, end));
  }
  /** Without one axis of size 1, or without all of them. */
  squeeze(axis?: number): T {
    return this.wrap(ops.squeeze(this.node, axis));
  }
  /** With a new axis of size 1. */
  expandDims(axis: number): T {
    return this.wrap(ops.expandDims(this.node, axis));
  }
  /** Repeated up to `shape` by NumPy's rule, without a copy. */
  broadcastTo(shape: Shape): T {
    return this.wrap(broadcastTo(this.node, checkedShape("broadcastTo", shape)));
  }
  /**
   * Part of the tensor, one entry an axis from the first on: `null` for all, an index (which drops the axis), or
   * `[start, stop, step]` by Python's rules. `t.slice(0, [1, null], [null, null, -1])`.
   */
  slice(...specs: readonly SliceSpec[]): T {
    return this.wrap(ops.slice(this.node, specs));
  }
  /** `value` put around each axis, `[before, after]` times. */
  pad(padding: readonly (readonly [number, number])[], value = 0): T {
    return this.wrap(ops.pad(this.node, padding, value));
  }
  /** Axes walked backwards; all of them where none is named. */
  flip(axes?: number | readonly number[]): T {
    return this.wrap(ops.flip(this.node, axes));
  }
  /** The whole tensor repeated along each axis. */
  tile(repetitions: readonly number[]): T {
    return this.wrap(ops.tile(this.node, repetitions));
  }
  /** Each element repeated `times` times in a row along an axis. */
  repeat(times: number, axis: number): T {
    return this.wrap(ops.repeat(this.node, times, axis));
  }
  /** out[…i…] = x[…indices[…i…]…] along an axis. IndexError, when it runs, for an index outside it. */
  gather(indices: Handle<unknown>, axis: number): T {
    return this.wrap(indexing.gather(this.node, indices.node, axis));
  }
  /** The slices along an axis that `indices`, of any shape, name. IndexError, when it runs, for one outside it. */
  take(indices: Handle<unknown>, axis = 0): T {
    return this.wrap(indexing.take(this.node, indices.node, axis));
  }
  /** x plus each element of `source` where its index points along an axis. */
  scatterAdd(indices: Handle<unknown>, source: Handle<unknown>, axis: number): T {
    return this.wrap(indexing.scatterAdd(this.node, indices.node, source.node, axis));
  }
  /** Parts along an axis, of one size or of the sizes listed. */
  split(sizes: number | readonly number[], axis = 0): T[] {
    return ops.split(this.node, sizes, axis).map((part) => this.wrap(part));
  }
  /** The tensors along an axis. */
  unstack(axis = 0): T[] {
    return ops.unstack(this.node, axis).map((part) => this.wrap(part));
  }
  /** Zeros above diagonal `k` of each matrix. */
  tril(k = 0): T {
    return this.wrap(ops.tril(this.node, k));
  }
  /** Zeros below diagonal `k` of each matrix. */
  triu(k = 0): T {
    return this.wrap(ops.triu(this.node, k));
  }
}
