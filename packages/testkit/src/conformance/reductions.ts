import { cumsum, type Dtype, formatShape, type Tensor } from "@chainrule/core";
import { countOf, dense, type Dense, fromFront } from "../reference/dense.ts";
import { mapTogether } from "../reference/elementwise.ts";
import * as fold from "../reference/reduce.ts";
import { sumTolerance } from "../tolerance.ts";
import { check, type ConformanceCase } from "./case.ts";
import { all, elementsFor, floats, laidOut, layouts, random, tensorOf } from "./inputs.ts";

type Axes = number | readonly number[] | undefined;

interface Reduction {
  readonly call: (x: Tensor, axis: Axes, options: { keepDims: boolean }) => Tensor;
  readonly fold: (elements: readonly number[]) => number;
  /** Whether nothing at all has a value. */
  readonly ofNothing: boolean;
  readonly low?: number;
  readonly high?: number;
}

const options = (axis: Axes): number | number[] | undefined =>
  axis === undefined || typeof axis === "number" ? axis : [...axis];

const reductions: Readonly<Record<string, Reduction>> = {
  sum: { call: (x, a, o) => x.sum(options(a), o), fold: fold.sum, ofNothing: true },
  mean: { call: (x, a, o) => x.mean(options(a), o), fold: fold.mean, ofNothing: true },
  max: { call: (x, a, o) => x.max(options(a), o), fold: fold.largest, ofNothing: false },
  min: { call: (x, a, o) => x.min(options(a), o), fold: fold.smallest, ofNothing: false },
  // Factors near 1 keep a product of 100,000 of them within float32.
  prod: {
    call: (x, a, o) => x.prod(options(a), o),
    fold: fold.product,
    ofNothing: true,
    low: 0.99,
    high: 1.01,
  },
  variance: { call: (x, a, o) => x.variance(options(a), o), fold: (e) => fold.variance(e), ofNothing: false },
  std: {
    call: (x, a, o) => x.std(options(a), o),
    fold: (e) => Math.sqrt(fold.variance(e)),
    ofNothing: false,
  },
  logSumExp: { call: (x, a, o) => x.logSumExp(options(a), o), fold: fold.logSumExp, ofNothing: true },
};

/** Every choice of axes of three, by number from either end, and shapes with nothing in them. */
const foldings: readonly (readonly [shape: readonly number[], axes: Axes])[] = [
  [[3, 5, 7], undefined],
  [[3, 5, 7], 0],
  [[3, 5, 7], 1],
  [[3, 5, 7], -1],
  [
    [3, 5, 7],
    [0, 1],
  ],
  [
    [3, 5, 7],
    [0, -1],
  ],
  [
    [3, 5, 7],
    [1, 2],
  ],
  [
    [3, 5, 7],
    [0, 1, 2],
  ],
  [[1, 9], 0],
  [[331, 307], undefined],
  [[331, 307], 0],
  [[331, 307], 1],
];
const empties: readonly (readonly [shape: readonly number[], axes: Axes])[] = [
  [[0], undefined],
  [[0, 3], 0],
  [[3, 0], 1],
];

/** Many elements to one, along every choice of axes. */
export function reductionCases(): ConformanceCase[] {
  return [
    ...Object.keys(reductions).flatMap((op) => floats.flatMap((dtype) => floatCases(op, dtype))),
    ...integerCases(),
    ...specialCases(),
    ...placeCases(),
    ...truthCases(),
    ...normCases(),
    ...rowCases(),
  ];
}

const listed = (axes: Axes): readonly number[] | undefined => (typeof axes === "number" ? [axes] : axes);

function floatCases(op: string, dtype: Dtype): ConformanceCase[] {
  const { call, fold: scalar, ofNothing, low, high } = reductions[op]!;
  const one = (
    label: string,
    x: Dense,
    axes: Axes,
    keepDims: boolean,
    input: () => Tensor,
  ): ConformanceCase => {
    const folded = listed(axes)?.map((axis) => x.shape[fromFront(axis, x.shape.length)]!) ?? x.shape;
    return check({
      op,
      dtype,
      label,
      actual: () => call(input(), axes, { keepDims }),
      expected: () => fold.reduce(x, scalar, { axes: listed(axes), keepDims }),
      tolerance: sumTolerance(dtype, countOf(folded)),
    });
  };
  const cases = [...foldings, ...(ofNothing ? empties : [])].flatMap(([shape, axes], i) => {
    const x = random(29, shape, dtype, low, high);
    const keepDims = i % 2 === 1;
    const label = `${formatShape(shape)} axes ${axes === undefined ? "all" : formatShape(listed(axes)!)}${keepDims ? " kept" : ""}`;
    return one(label, x, axes, keepDims, () => tensorOf(x, dtype));
  });
  const viewed = layouts.map((layout, i) => {
    const x = elementsFor(layout, 31, dtype, low, high);
    return one(layout, x, i % 2, false, () => laidOut(x, dtype, layout));
  });
  const x = random(37, [5, 1, 3], dtype, low, high);
  const wide = mapTogether((v) => v, x, dense([4, 1], [0, 0, 0, 0]));
  const expanded = one("expanded", wide, [1], false, () => tensorOf(x, dtype).broadcastTo([5, 4, 3]));
  return op === "variance" || op === "std"
    ? [...cases, ...viewed]
    : [...cases, ...viewed, expanded, scalarCase(op, dtype)];
}

function scalarCase(op: string, dtype: Dtype): ConformanceCase {
  const { call, fold: scalar } = reductions[op]!;
  const x = dense([], [1.25]);
  return check({
    op,
    dtype,
    label: "scalar",
    actual: () => call(tensorOf(x, dtype), undefined, { keepDims: false }),
    expected: () => fold.reduce(x, scalar),
  });
}

function integerCases(): ConformanceCase[] {
  const x = random(41, [5, 7], "int32");
  const exact = ["sum", "max", "min"].flatMap((op) =>
    [0, 1, undefined].map((axes) =>
      check({
        op,
        dtype: "int32",
        label: `axes ${axes ?? "all"}`,
        actual: () => reductions[op]!.call(tensorOf(x, "int32"), axes, { keepDims: false }),
        expected: () => fold.reduce(x, reductions[op]!.fold, { axes: listed(axes) }),
      }),
    ),
  );
  const mask = random(43, [5, 7], "bool");
  const counted = check({
    op: "sum",
    dtype: "bool",
    label: "counts",
    result: "int32",
    actual: () => tensorOf(mask, "bool").sum(),
    expected: () => fold.reduce(mask, fold.sum),
  });
  return [...exact, counted];
}

/** NaN and infinities pass; exponentials of large numbers do not overflow. */
function specialCases(): ConformanceCase[] {
  const [nan, inf] = [NaN, Infinity];
  const rows = dense([5, 3], [nan, 1, 2, inf, 1, -inf, inf, inf, 1, -inf, -inf, -inf, 2, 1, nan]);
  const wide = dense([3, 3], [1e4, 1e4, -1e4, -1e4, -1e4, -1e4, 1e4, 0, 1]);
  return floats.flatMap((dtype) => [
    ...["sum", "mean", "max", "min", "prod", "logSumExp"].map((op) =>
      check({
        op,
        dtype,
        label: "specials",
        actual: () => reductions[op]!.call(tensorOf(rows, dtype), 1, { keepDims: false }),
        expected: () => fold.reduce(rows, reductions[op]!.fold, { axes: [1] }),
      }),
    ),
    check({
      op: "logSumExp",
      dtype,
      label: "large numbers",
      actual: () => tensorOf(wide, dtype).logSumExp(1),
      expected: () => fold.reduce(wide, fold.logSumExp, { axes: [1] }),
    }),
    check({
      op: "softmax",
      dtype,
      label: "large numbers",
      actual: () => tensorOf(wide, dtype).softmax(),
      expected: () => fold.alongAxis(wide, -1, fold.softmax),
    }),
  ]);
}

function placeCases(): ConformanceCase[] {
  const ties = dense([3, 4], [1, 3, 3, 0, 5, 5, 5, 5, -1, -2, -1, -2]);
  const wild = dense([2, 4], [1, NaN, 2, NaN, Infinity, 1, Infinity, -Infinity]);
  const places = { argmax: fold.placeOfLargest, argmin: fold.placeOfSmallest };
  return (["argmax", "argmin"] as const).flatMap((op) => {
    const one = (label: string, dtype: Dtype, x: Dense, axis?: number): ConformanceCase =>
      check({
        op,
        dtype,
        label,
        result: "int32",
        actual: () => tensorOf(x, dtype)[op](axis),
        expected: () => fold.reduce(x, places[op], axis === undefined ? {} : { axes: [axis] }),
      });
    return [
      ...floats.flatMap((dtype) => [
        one("ties", dtype, ties, 1),
        one("first axis", dtype, random(47, [5, 7], dtype), 0),
        one("all", dtype, random(47, [5, 7], dtype)),
        one("specials", dtype, wild, 1),
        one("large", dtype, random(53, [331, 307], dtype)),
      ]),
      one("ties", "int32", ties, 1),
    ];
  });
}

function truthCases(): ConformanceCase[] {
  const x = dense([3, 4], [1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
  const every = (e: readonly number[]): number => Number(e.every((v) => v !== 0));
  const some = (e: readonly number[]): number => Number(e.some((v) => v !== 0));
  return [0, 1, undefined].flatMap((axis) =>
    (["all", "any"] as const).map((op) =>
      check({
        op,
        dtype: "bool",
        label: `axis ${axis ?? "all"}`,
        actual: () => tensorOf(x, "bool")[op](axis),
        expected: () =>
          fold.reduce(x, op === "all" ? every : some, axis === undefined ? {} : { axes: [axis] }),
      }),
    ),
  );
}

/** The length of all elements together. */
function normCases(): ConformanceCase[] {
  return floats.flatMap((dtype) =>
    [[], [3, 5], [331, 307]].map((shape) => {
      const x = random(59, shape, dtype);
      return check({
        op: "norm",
        dtype,
        label: formatShape(shape),
        actual: () => tensorOf(x, dtype).norm(),
        expected: () => fold.reduce(x, (e) => Math.sqrt(fold.sum(e.map((v) => v * v)))),
        tolerance: sumTolerance(dtype, countOf(shape)),
      });
    }),
  );
}

/** Softmax, its logarithm and running sums: a row in, a row out. */
function rowCases(): ConformanceCase[] {
  const rows = {
    softmax: (x: Tensor, axis: number) => x.softmax(axis),
    logSoftmax: (x: Tensor, axis: number) => x.logSoftmax(axis),
    cumsum,
  };
  const references = {
    softmax: fold.softmax,
    logSoftmax: (e: readonly number[]) => e.map((v) => v - fold.logSumExp(e)),
    cumsum: fold.cumulativeSum,
  };
  return (Object.keys(rows) as (keyof typeof rows)[]).flatMap((op) =>
    floats.flatMap((dtype) =>
      (
        [
          [[7], 0],
          [[3, 5, 7], 0],
          [[3, 5, 7], 1],
          [[3, 5, 7], -1],
          [[1, 1], -1],
          [[0, 3], -1],
          [[67, 129], 1],
        ] as const
      ).map(([shape, axis]) => {
        const x = random(59, shape, dtype);
        return check({
          op,
          dtype,
          label: `${formatShape(shape)} axis ${axis}`,
          actual: () => rows[op](tensorOf(x, dtype), axis),
          expected: () => fold.alongAxis(x, axis, references[op]),
          tolerance: sumTolerance(dtype, op === "cumsum" ? shape.at(axis)! : 1),
        });
      }),
    ),
  );
}

/** Whatever its dtype, a reduction over an axis of size 1 is the identity. */
export function identityReductionCases(): ConformanceCase[] {
  return all
    .filter((dtype) => dtype !== "bool")
    .map((dtype) => {
      const x = random(61, [5, 1], dtype);
      return check({
        op: "max",
        dtype,
        label: "axis of one",
        actual: () => tensorOf(x, dtype).max(1),
        expected: () => ({ shape: [5], data: x.data }),
      });
    });
}
