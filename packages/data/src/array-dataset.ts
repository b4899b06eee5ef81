import {
  type Dtype,
  IndexError,
  OptionError,
  ShapeError,
  type Tensor,
  type TypedArray,
} from "@chainrule/core";
import type { Dataset, Fields, HostArray } from "./dataset.ts";
import { arrayLike } from "./typed-array.ts";

/** All examples of one field: the first axis of `shape` counts them. */
export interface Column extends HostArray {
  /**
   * Bytes are handed out as float32 times this factor and stay bytes in memory, a quarter of the size:
   * 1/255 turns grey levels into [0, 1]. Only for Uint8Array.
   */
  readonly scale?: number;
}

interface Reader {
  readonly rowShape: readonly number[];
  readonly rowSize: number;
  readonly dtype: Dtype | undefined;
  /** Copies row `index` into `out` at `offset`. */
  readonly copy: (index: number, out: TypedArray, offset: number) => void;
  readonly allocate: (length: number) => TypedArray;
}

/**
 * A dataset over typed arrays in memory: `new ArrayDataset({ x: { data, shape: [n, 784] }, y: { data, shape: [n] } })`.
 *
 * @throws ShapeError where an array's length is not its shape's product or the fields differ in length.
 * @throws OptionError for no fields, or a `scale` on an array that is not of bytes.
 */
export class ArrayDataset<K extends string = "x" | "y"> implements Dataset<K> {
  readonly length: number;
  readonly columns: Readonly<Record<K, Column>>;
  readonly #readers: readonly (readonly [K, Reader])[];

  constructor(columns: Readonly<Record<K, Column>>) {
    const entries = Object.entries(columns) as [K, Column][];
    const [first] = entries;
    if (!first)
      throw new OptionError("ArrayDataset: give at least one field, such as { x: { data, shape } }");
    this.length = first[1].shape[0] ?? 0;
    this.columns = columns;
    this.#readers = entries.map(([name, column]) => {
      const count = column.shape[0];
      if (count !== this.length) {
        throw new ShapeError(
          `ArrayDataset: field "${first[0]}" has ${this.length} examples, field "${name}" has ${count ?? "no first axis"}`,
        );
      }
      return [name, readerOf(name, column)];
    });
  }

  get(index: number): Fields<K> {
    const batch = Object.entries<HostArray>(this.batch(Int32Array.of(index)));
    return Object.fromEntries(
      batch.map(([name, array]) => [name, { ...array, shape: array.shape.slice(1) }]),
    ) as Record<string, HostArray> as Fields<K>;
  }

  /** @throws IndexError for an index outside 0 … length − 1. */
  batch(indices: Int32Array): Fields<K> {
    for (const index of indices) {
      if (index < 0 || index >= this.length) {
        throw new IndexError(`ArrayDataset: example ${index} of ${this.length} (0 … ${this.length - 1})`);
      }
    }
    const batch: Partial<Record<K, HostArray>> = {};
    for (const [name, { rowShape, rowSize, dtype, copy, allocate }] of this.#readers) {
      const data = allocate(indices.length * rowSize);
      for (let i = 0; i < indices.length; i++) copy(indices[i]!, data, i * rowSize);
      batch[name] = { data, shape: [indices.length, ...rowShape], ...(dtype ? { dtype } : {}) };
    }
    return batch as Fields<K>;
  }
}

/**
 * An ArrayDataset over the values that the tensors have now; their first axes count the examples.
 *
 * @throws ShapeError where first axes differ.
 */
export async function tensorDataset<K extends string>(
  tensors: Readonly<Record<K, Tensor>>,
): Promise<ArrayDataset<K>> {
  const entries = Object.entries(tensors) as [K, Tensor][];
  const columns = await Promise.all(
    entries.map(async ([name, tensor]) => [
      name,
      { data: await tensor.data(), shape: tensor.shape, dtype: tensor.dtype },
    ]),
  );
  return new ArrayDataset(Object.fromEntries(columns) as Record<K, Column>);
}

function readerOf(name: string, { data, shape, dtype, scale }: Column): Reader {
  const rowShape = shape.slice(1);
  const rowSize = rowShape.reduce((product, extent) => product * extent, 1);
  if (data.length !== shape[0]! * rowSize) {
    throw new ShapeError(
      `ArrayDataset: field "${name}" has ${data.length} values, its shape [${shape.join(", ")}] needs ${shape[0]! * rowSize}`,
    );
  }
  if (scale === undefined) {
    const allocate = (length: number): TypedArray => arrayLike(data, length);
    const copy: Reader["copy"] = (index, out, offset) =>
      out.set(data.subarray(index * rowSize, (index + 1) * rowSize), offset);
    return { rowShape, rowSize, dtype, copy, allocate };
  }
  if (!(data instanceof Uint8Array) || !Number.isFinite(scale)) {
    throw new OptionError(
      `ArrayDataset: field "${name}" has scale ${scale} on a ${data.constructor.name}; ` +
        `a scale is a finite number on a Uint8Array`,
    );
  }
  // A table of the 256 values is exact for any scale, and quicker than a product and a rounding for each element.
  const table = Float32Array.from({ length: 256 }, (_, byte) => byte * scale);
  const copy: Reader["copy"] = (index, out, offset) => {
    const start = index * rowSize;
    for (let j = 0; j < rowSize; j++) out[offset + j] = table[data[start + j]!]!;
  };
  return { rowShape, rowSize, dtype: undefined, copy, allocate: (length) => new Float32Array(length) };
}
