import { type Dtype, IndexError, oneHot, tensor } from "@chainrule/core";
import { dense, type Dense } from "../reference/dense.ts";
import * as reference from "../reference/indexing.ts";
import { transpose } from "../reference/movement.ts";
import { sumTolerance } from "../tolerance.ts";
import { check, type ConformanceCase, scenario } from "./case.ts";
import { all, indices, numbers, random, tensorOf } from "./inputs.ts";

/** Data shape, index shape, axis. */
type Places = readonly [readonly number[], readonly number[], number];

const gathers: Readonly<Record<string, Places>> = {
  "first axis": [[5, 3], [2, 3], 0],
  "repeats along the last axis": [[3, 5], [3, 11], 1],
  "middle axis": [[3, 5, 2], [3, 4, 2], 1],
  "fewer rows than the data": [[7, 5], [3, 2], -1],
  "one axis, large": [[311], [100_003], 0],
  "no indices": [[3, 2], [0, 2], 0],
  "one index": [[9], [1], 0],
};

const takes: Readonly<Record<string, Places>> = {
  rows: [[5, 3], [7], 0],
  columns: [[3, 5], [2], 1],
  "matrix of indices": [[5, 3], [2, 3], 0],
  "scalar index": [[5, 3], [], 0],
  "no indices": [[5, 3], [0], 0],
  "large table": [[1009, 31], [401], 0],
};

const scatters: Readonly<Record<string, Places>> = {
  "first axis": [[5, 3], [4, 3], 0],
  "all to few": [[3], [1001], 0],
  "repeats along the last axis": [[3, 5], [3, 11], 1],
  "fewer rows than the target": [[7, 5], [3, 2], -1],
  nothing: [[3], [0], 0],
};

/** Reading and adding at indices. */
export function indexingCases(): ConformanceCase[] {
  return [
    ...all.flatMap((dtype) =>
      Object.entries(gathers).map(([label, places]) => gatherCase(dtype, label, places)),
    ),
    ...all.flatMap((dtype) => Object.entries(takes).map(([label, places]) => takeCase(dtype, label, places))),
    ...numbers.flatMap((dtype) =>
      Object.entries(scatters).map(([label, places]) => scatterCase(dtype, label, places)),
    ),
    ...numbers.map((dtype) => viewedCase(dtype)),
    ...oneHotCases(),
    ...outOfRangeCases(),
  ];
}

const exact = { rtol: 0, atol: 0 };

function gatherCase(dtype: Dtype, label: string, [shape, indexShape, axis]: Places): ConformanceCase {
  const x = random(109, shape, dtype);
  const i = indices(113, indexShape, shape.at(axis)!);
  return check({
    op: "gather",
    dtype,
    label,
    actual: () => tensorOf(x, dtype).gather(tensorOf(i, "int32"), axis),
    expected: () => reference.gather(x, i, axis),
    tolerance: exact,
  });
}

function takeCase(dtype: Dtype, label: string, [shape, indexShape, axis]: Places): ConformanceCase {
  const x = random(109, shape, dtype);
  const i = indices(113, indexShape, shape.at(axis)!);
  return check({
    op: "take",
    dtype,
    label,
    actual: () => tensorOf(x, dtype).take(tensorOf(i, "int32"), axis),
    expected: () => reference.take(x, i, axis),
    tolerance: exact,
  });
}

function scatterCase(dtype: Dtype, label: string, [shape, indexShape, axis]: Places): ConformanceCase {
  const x = random(109, shape, dtype);
  const i = indices(113, indexShape, shape.at(axis)!);
  const source = random(127, indexShape, dtype);
  return check({
    op: "scatterAdd",
    dtype,
    label,
    actual: () => tensorOf(x, dtype).scatterAdd(tensorOf(i, "int32"), tensorOf(source, dtype), axis),
    expected: () => reference.scatterAdd(x, i, source, axis),
    tolerance: sumTolerance(dtype, indexShape.at(axis)!),
  });
}

/** Data, indices and source that are all views, with arithmetic before and after. */
function viewedCase(dtype: Dtype): ConformanceCase {
  const x = random(109, [5, 3], dtype);
  const i = indices(113, [4, 3], 5);
  const doubled: Dense = { shape: x.shape, data: x.data.map((v) => v * 2) };
  return check({
    op: "gather",
    dtype,
    label: "views and arithmetic around",
    actual: () => {
      const data = tensorOf(transpose(x), dtype).transpose().mul(2);
      const at = tensorOf(transpose(i), "int32").transpose().add(0);
      return data.gather(at, 0).add(1);
    },
    expected: () => {
      const read = reference.gather(doubled, i, 0);
      return { shape: read.shape, data: read.data.map((v) => v + 1) };
    },
  });
}

function oneHotCases(): ConformanceCase[] {
  return Object.entries({ vector: [7], matrix: [3, 5], scalar: [], empty: [0] }).map(([label, shape]) => {
    const i = indices(131, shape, 4);
    return check({
      op: "oneHot",
      dtype: "int32",
      label,
      result: "float32",
      actual: () => oneHot(tensorOf(i, "int32"), 4),
      expected: () => reference.oneHot(i, 4),
      tolerance: exact,
    });
  });
}

/** An index outside the axis is an IndexError, not a number. */
function outOfRangeCases(): ConformanceCase[] {
  const x = dense([3], [1, 2, 3]);
  return [3, -1].flatMap((bad) =>
    (["gather", "scatterAdd"] as const).map((op) =>
      scenario(op, "float32", `index ${bad} of 3`, async (name) => {
        const at = tensor(Int32Array.from([0, bad]), { shape: [2] });
        const data = tensorOf(x, "float32");
        try {
          const result = op === "gather" ? data.gather(at, 0) : data.scatterAdd(at, tensor([1, 1]), 0);
          await result.data();
        } catch (error) {
          if (error instanceof IndexError) return;
          throw new Error(`${name}: threw ${String(error)}, not an IndexError`, { cause: error });
        }
        throw new Error(`${name}: gave a result where an IndexError is due`);
      }),
    ),
  );
}
