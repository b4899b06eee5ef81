import { type Dtype, ShapeError } from "@chainrule/core";
import type { Dataset, Fields, HostArray } from "./dataset.ts";
import { arrayLike } from "./typed-array.ts";

/** The examples at `indices` as one batch: the dataset's own `batch`, or its examples read and stacked. */
export function readBatch<K extends string>(
  dataset: Dataset<K>,
  indices: Int32Array,
): Fields<K> | Promise<Fields<K>> {
  if (dataset.batch) return dataset.batch(indices);
  const examples = Array.from(indices, (index) => dataset.get(index));
  return examples.some(isPromise)
    ? Promise.all(examples.map(async (example) => example)).then(stackExamples)
    : stackExamples(examples as Fields<K>[]);
}

/** Whether a read has yet to finish. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === "function";
}

/**
 * Examples stacked along a new first axis, field by field.
 *
 * @throws ShapeError where an example lacks a field or its shape or array type differs from the first one's.
 */
export function stackExamples<K extends string>(examples: readonly Fields<K>[]): Fields<K> {
  const [first] = examples;
  if (!first) throw new ShapeError("stackExamples: there is no example to stack");
  const names = Object.keys(first) as K[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      stackField(
        name,
        examples.map((example) => example[name]),
      ),
    ]),
  ) as Fields<K>;
}

function stackField(name: string, rows: readonly (HostArray | undefined)[]): HostArray {
  const first = rows[0]!;
  const size = first.data.length;
  const data = arrayLike(first.data, rows.length * size);
  rows.forEach((row, i) => {
    if (!row || row.shape.join() !== first.shape.join() || row.data.constructor !== first.data.constructor) {
      const seen = row ? describe(row) : "nothing";
      throw new ShapeError(
        `field "${name}" of a batch: example 0 has ${describe(first)}, example ${i} has ${seen}; ` +
          `examples of one batch must have the same shape and array type`,
      );
    }
    data.set(row.data, i * size);
  });
  const dtype: { dtype?: Dtype } = first.dtype ? { dtype: first.dtype } : {};
  return { data, shape: [rows.length, ...first.shape], ...dtype };
}

const describe = ({ data, shape }: HostArray): string => `${data.constructor.name} [${shape.join(", ")}]`;
