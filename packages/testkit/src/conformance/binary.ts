import { type Dtype, type Tensor, where } from "@chainrule/core";
import { dense, type Dense } from "../reference/dense.ts";
import { map, mapTogether } from "../reference/elementwise.ts";
import { larger, modulo, power, smaller } from "../reference/scalar.ts";
import { check, type ConformanceCase, rounded } from "./case.ts";
import {
  all,
  elementsFor,
  floats,
  laidOut,
  layouts,
  lazily,
  numbers,
  random,
  shapes,
  tensorOf,
} from "./inputs.ts";

const arithmetic = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  mod: modulo,
  maximum: larger,
  minimum: smaller,
} satisfies Record<string, (a: number, b: number) => number>;

const comparisons = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
} satisfies Record<string, (a: number, b: number) => boolean>;

type Arithmetic = keyof typeof arithmetic;
type Comparison = keyof typeof comparisons;

/** Shapes that meet: rows, columns, a scalar, differing ranks, and nothing. */
const pairs: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  "row and matrix": [[7], [5, 7]],
  "column and row": [
    [5, 1],
    [1, 7],
  ],
  "scalar and matrix": [[], [3, 5]],
  "three ranks": [
    [3, 1, 5],
    [4, 1],
  ],
  "empty and one": [[0, 3], [1]],
  "large and row": [[331, 307], [307]],
};

const values = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 2, -2, 0.5, 3];
const leftEdges = dense(
  [121],
  values.flatMap((v) => values.map(() => v)),
);
const rightEdges = dense(
  [121],
  values.flatMap(() => values),
);

/** Two operands that broadcast: arithmetic, comparison, logic, choosing by a mask. */
export function binaryCases(): ConformanceCase[] {
  return [
    ...(Object.keys(arithmetic) as Arithmetic[]).flatMap((op) => arithmeticCases(op)),
    ...(Object.keys(comparisons) as Comparison[]).flatMap((op) => comparisonCases(op)),
    ...logicCases(),
    ...whereCases(),
  ];
}

function arithmeticCases(op: Arithmetic): ConformanceCase[] {
  const scalar = arithmetic[op];
  return numbers.flatMap((dtype) => {
    // Integer powers of negative exponent have no integer value; int32 keeps to the other seven.
    if (dtype === "int32" && op === "pow") return [];
    const result = dtype === "int32" && op === "div" ? "float32" : dtype;
    const one = (label: string, a: Dense, b: Dense, call: () => Tensor): ConformanceCase =>
      check({ op, dtype, label, result, actual: call, expected: () => mapTogether(scalar, a, b) });
    const left = (seed: number, shape: readonly number[]): Dense =>
      random(seed, shape, dtype, op === "pow" ? 0.2 : -2);
    // Divisors stay away from 0, integers included.
    const right = (seed: number, shape: readonly number[]): Dense => {
      const y = random(seed, shape, dtype, op === "div" || op === "mod" ? 0.3 : -2);
      return dtype === "int32" ? lazily(shape, () => map((v) => (v === 0 ? 3 : v), y)) : y;
    };
    const together = Object.entries({ ...samePairs(), ...pairs }).map(([label, [a, b]]) => {
      const [x, y] = [left(11, a), right(13, b)];
      return one(label, x, y, () => tensorOf(x, dtype)[op](tensorOf(y, dtype)));
    });
    const viewed = layouts.map((layout) => {
      const x = elementsFor(layout, 17, dtype, op === "pow" ? 0.2 : -2);
      const y = right(19, [6, 5]);
      return one(layout, x, y, () => laidOut(x, dtype, layout)[op](laidOut(y, dtype, "transposed")));
    });
    const number = dense([], [2]);
    const x = left(23, [3, 5]);
    const byNumber = one("number", x, number, () => tensorOf(x, dtype)[op](2));
    const edges =
      dtype === "int32"
        ? []
        : [
            one("edges", leftEdges, rightEdges, () =>
              tensorOf(leftEdges, dtype)[op](tensorOf(rightEdges, dtype)),
            ),
          ];
    return [...together, ...viewed, byNumber, ...edges, ...(dtype === "int32" ? wrapCases(op) : [])];
  });
}

const samePairs = (): Record<string, readonly [readonly number[], readonly number[]]> =>
  Object.fromEntries(Object.entries(shapes).map(([label, shape]) => [label, [shape, shape]]));

/** 32-bit integers wrap around, the product through its low word. */
function wrapCases(op: Arithmetic): ConformanceCase[] {
  const wraps: Partial<Record<Arithmetic, (a: number, b: number) => number>> = {
    add: (a, b) => (a + b) | 0,
    sub: (a, b) => (a - b) | 0,
    mul: Math.imul,
  };
  const scalar = wraps[op];
  if (!scalar) return [];
  const a = dense([4], [2147483647, -2147483648, 65537, 123456789]);
  const b = dense([4], [1, 1, 65539, 987654321]);
  return [
    check({
      op,
      dtype: "int32",
      label: "wraps",
      actual: () => tensorOf(a, "int32")[op](tensorOf(b, "int32")),
      expected: () => mapTogether(scalar, a, b),
    }),
  ];
}

function comparisonCases(op: Comparison): ConformanceCase[] {
  const scalar = (a: number, b: number): number => Number(comparisons[op](a, b));
  const one = (label: string, dtype: Dtype, a: Dense, b: Dense): ConformanceCase =>
    check({
      op,
      dtype,
      label,
      result: "bool",
      actual: () => tensorOf(a, dtype)[op](tensorOf(b, dtype)),
      expected: () => mapTogether(scalar, a, b),
    });
  return [
    ...floats.map((dtype) => one("edges", dtype, leftEdges, rightEdges)),
    ...all.flatMap((dtype) => [
      one("broadcast", dtype, random(3, [5, 1], dtype), random(5, [7], dtype)),
      one("empty", dtype, random(3, [0], dtype), random(5, [1], dtype)),
    ]),
  ];
}

function logicCases(): ConformanceCase[] {
  const a = random(3, [5, 1], "bool");
  const b = random(5, [7], "bool");
  return [
    check({
      op: "logicalAnd",
      dtype: "bool",
      label: "broadcast",
      actual: () => tensorOf(a, "bool").logicalAnd(tensorOf(b, "bool")),
      expected: () => mapTogether((x, y) => x * y, a, b),
    }),
    check({
      op: "logicalOr",
      dtype: "bool",
      label: "broadcast",
      actual: () => tensorOf(a, "bool").logicalOr(tensorOf(b, "bool")),
      expected: () => mapTogether((x, y) => Math.max(x, y), a, b),
    }),
    check({
      op: "logicalNot",
      dtype: "bool",
      label: "column",
      actual: () => tensorOf(a, "bool").logicalNot(),
      expected: () => mapTogether((x) => 1 - x, a),
    }),
  ];
}

function whereCases(): ConformanceCase[] {
  const choose = (c: number, a: number, b: number): number => (c ? a : b);
  const one = (label: string, dtype: Dtype, c: Dense, a: Dense, b: Dense): ConformanceCase =>
    check({
      op: "where",
      dtype,
      label,
      signedZero: true,
      actual: () => where(tensorOf(c, "bool"), tensorOf(a, dtype), tensorOf(b, dtype)),
      expected: () => mapTogether(choose, c, a, b),
    });
  return [
    ...all.flatMap((dtype) => [
      one("same", dtype, random(1, [3, 5], "bool"), random(2, [3, 5], dtype), random(3, [3, 5], dtype)),
      one("broadcast", dtype, random(1, [3, 1], "bool"), random(2, [5], dtype), random(3, [2, 1, 1], dtype)),
      one("empty", dtype, random(1, [0], "bool"), random(2, [1], dtype), random(3, [], dtype)),
    ]),
    ...floats.map((dtype) => one("edges", dtype, random(1, [121], "bool"), leftEdges, rightEdges)),
    ...floats.map((dtype) => clipCase(dtype)),
  ];
}

function clipCase(dtype: Dtype): ConformanceCase {
  const x = dense([12], [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 0.75, 2, -3]);
  return check({
    op: "clip",
    dtype,
    label: "edges",
    actual: () => tensorOf(x, dtype).clip(-0.5, 0.75),
    expected: () => mapTogether((v) => (Number.isNaN(v) ? v : Math.min(0.75, Math.max(-0.5, v))), x),
  });
}

/** Every dtype becomes every other. */
export function castCases(): ConformanceCase[] {
  const fractions = dense([8], [1.9, -1.9, 0, -0, 0.4, 2.5, 100, -7]);
  return all.flatMap((from) =>
    all.map((to) => {
      const fromFloat = from === "float32" || from === "float64";
      // A negative float has no uint8 by any standard.
      const source = fromFloat
        ? to === "uint8"
          ? mapTogether(Math.abs, fractions)
          : fractions
        : random(3, [8], from);
      return check({
        op: "cast",
        dtype: from,
        label: `to ${to}`,
        result: to,
        actual: () => tensorOf(source, from).cast(to),
        expected: () => mapTogether((v) => rounded(to, rounded(from, v)), source),
      });
    }),
  );
}
