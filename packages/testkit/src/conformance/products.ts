import type { Dtype, Tensor } from "@chainrule/core";
import { dense, type Dense } from "../reference/dense.ts";
import { map, mapTogether } from "../reference/elementwise.ts";
import { transpose } from "../reference/movement.ts";
import { matmul, outer } from "../reference/product.ts";
import { reduce, sum } from "../reference/reduce.ts";
import { sumTolerance } from "../tolerance.ts";
import { check, type ConformanceCase } from "./case.ts";
import { elementsFor, floats, laidOut, layouts, random, tensorOf } from "./inputs.ts";

/** Sizes m, k, n around every power of two and tile, vectors, and one that is larger than any block. */
const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 1, 1],
  [1, 7, 5],
  [5, 1, 7],
  [7, 5, 1],
  [2, 3, 4],
  [4, 4, 4],
  [5, 8, 9],
  [8, 16, 7],
  [13, 17, 11],
  [16, 31, 33],
  [33, 32, 31],
  [64, 65, 63],
  [70, 1, 70],
  [1, 70, 69],
  [67, 70, 1],
  [61, 59, 67],
  [129, 257, 131],
];

type Orientation = "NN" | "NT" | "TN" | "TT";

/** Stacks that broadcast, ranks that differ, sums of nothing. */
const stacks: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  batch: [
    [3, 5, 7],
    [3, 7, 4],
  ],
  "batch and matrix": [
    [3, 5, 7],
    [7, 4],
  ],
  "matrix and batch": [
    [5, 7],
    [3, 7, 4],
  ],
  "broadcast batches": [
    [2, 1, 5, 7],
    [3, 7, 4],
  ],
  "vector and vector": [[7], [7]],
  "vector and matrix": [[7], [7, 5]],
  "matrix and vector": [[5, 7], [7]],
  "batch and vector": [[3, 5, 7], [7]],
  "no rows": [
    [0, 7],
    [7, 4],
  ],
  "no terms": [
    [3, 0],
    [0, 4],
  ],
  "no batch": [
    [0, 3, 5],
    [5, 4],
  ],
};

/** Products in every orientation and size, with what is fused behind them. */
export function productCases(): ConformanceCase[] {
  const inFloats = floats.flatMap((dtype) => [
    ...sizes.flatMap((size) => (["NN", "NT", "TN", "TT"] as const).map((o) => orientedCase(dtype, size, o))),
    ...Object.entries(stacks).map(([label, [a, b]]) => stackCase(dtype, label, a, b)),
    ...layouts.map((layout) => layoutCase(dtype, layout)),
    ...epilogueCases(dtype),
    ...vectorCases(dtype),
  ]);
  return [...inFloats, ...integerCases()];
}

/** Products of whole numbers are exact, and wrap as their sums do. */
function integerCases(): ConformanceCase[] {
  const [x, y] = [random(97, [13, 17], "int32"), random(101, [17, 5], "int32")];
  return (["NN", "NT", "TN"] as const).map((orientation) =>
    check({
      op: "matmul",
      dtype: "int32",
      label: orientation,
      actual: () => kept(x, "int32", orientation[0] === "T").matmul(kept(y, "int32", orientation[1] === "T")),
      expected: () => matmul(x, y),
    }),
  );
}

/** A tensor of `x`, kept in memory as its transpose where asked. */
const kept = (x: Dense, dtype: Dtype, turned: boolean): Tensor =>
  turned ? tensorOf(transpose(x), dtype).transpose() : tensorOf(x, dtype);

function orientedCase(
  dtype: Dtype,
  [m, k, n]: readonly [number, number, number],
  orientation: Orientation,
): ConformanceCase {
  return check({
    op: "matmul",
    dtype,
    label: `${orientation} ${m}x${k}x${n}`,
    actual: () => {
      const left = kept(random(97, [m, k], dtype), dtype, orientation[0] === "T");
      return left.matmul(kept(random(101, [k, n], dtype), dtype, orientation[1] === "T"));
    },
    expected: () => matmul(random(97, [m, k], dtype), random(101, [k, n], dtype)),
    tolerance: sumTolerance(dtype, k),
  });
}

function stackCase(dtype: Dtype, label: string, a: readonly number[], b: readonly number[]): ConformanceCase {
  const [x, y] = [random(97, a, dtype), random(101, b, dtype)];
  return check({
    op: "matmul",
    dtype,
    label,
    actual: () => tensorOf(x, dtype).matmul(tensorOf(y, dtype)),
    expected: () => matmul(x, y),
    tolerance: sumTolerance(dtype, a.at(-1)!),
  });
}

function layoutCase(dtype: Dtype, layout: (typeof layouts)[number]): ConformanceCase {
  const x = elementsFor(layout, 97, dtype);
  const y = elementsFor(layout, 101, dtype);
  return check({
    op: "matmul",
    dtype,
    label: layout,
    actual: () => laidOut(x, dtype, layout).matmul(laidOut(y, dtype, layout).transpose()),
    expected: () => matmul(x, transpose(y)),
    tolerance: sumTolerance(dtype, 5),
  });
}

/** What follows a product and may be computed with it. */
function epilogueCases(dtype: Dtype): ConformanceCase[] {
  return [
    [3, 5, 7],
    [33, 17, 9],
    [64, 70, 64],
  ].flatMap(([m, k, n]) => {
    const [x, y] = [random(97, [m!, k!], dtype), random(101, [k!, n!], dtype)];
    const [row, column] = [random(103, [n!], dtype), random(107, [m!, 1], dtype)];
    const one = (
      label: string,
      actual: (product: Tensor) => Tensor,
      expected: (product: Dense) => Dense,
    ): ConformanceCase =>
      check({
        op: "matmul",
        dtype,
        label: `${m}x${k}x${n} then ${label}`,
        actual: () => actual(tensorOf(x, dtype).matmul(tensorOf(y, dtype))),
        expected: () => expected(matmul(x, y)),
        tolerance: sumTolerance(dtype, k! * 4),
      });
    return [
      one(
        "bias",
        (p) => p.add(tensorOf(row, dtype)),
        (p) => mapTogether((a, b) => a + b, p, row),
      ),
      one(
        "bias and relu",
        (p) => p.add(tensorOf(row, dtype)).relu(),
        (p) => mapTogether((a, b) => Math.max(0, a + b), p, row),
      ),
      one(
        "column scale and tanh",
        (p) => p.mul(tensorOf(column, dtype)).tanh(),
        (p) => mapTogether((a, b) => Math.tanh(a * b), p, column),
      ),
      one(
        "transpose",
        (p) => p.mul(2).transpose(),
        (p) => transpose(map((v) => v * 2, p)),
      ),
      one(
        "sum of rows",
        (p) => p.sum(1),
        (p) => reduce(p, sum, { axes: [1] }),
      ),
    ];
  });
}

function vectorCases(dtype: Dtype): ConformanceCase[] {
  const [x, y] = [random(97, [1001], dtype), random(101, [1001], dtype)];
  const wild = dense([2, 2], [1, Infinity, NaN, 2]);
  const picked = dense([2, 1], [0, 1]);
  return [
    check({
      op: "dot",
      dtype,
      label: "long",
      actual: () => tensorOf(x, dtype).dot(tensorOf(y, dtype)),
      expected: () => matmul(x, y),
      tolerance: sumTolerance(dtype, 1001),
    }),
    check({
      op: "outer",
      dtype,
      label: "odd",
      actual: () =>
        tensorOf(x, dtype)
          .slice([0, 13])
          .outer(tensorOf(y, dtype).slice([0, 7])),
      expected: () => outer(dense([13], x.data.slice(0, 13)), dense([7], y.data.slice(0, 7))),
    }),
    check({
      op: "matmul",
      dtype,
      label: "specials",
      actual: () => tensorOf(wild, dtype).matmul(tensorOf(picked, dtype)),
      expected: () => dense([2, 1], [Infinity, NaN]),
    }),
  ];
}
