import type { DotKernel, DotOperand, Dtype, Expression, TypedArray } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, contiguous } from "./reference.ts";
import { backends, check, codegen, expectSameBits, runOn } from "./run.ts";

/** How an operand of rows × columns lies in memory. */
const layouts = {
  rows: (_rows: number, columns: number) => ({ offset: 0, row: [columns], column: [1] }),
  columns: (rows: number, _columns: number) => ({ offset: 0, row: [1], column: [rows] }),
  spread: (_rows: number, columns: number) => ({ offset: 3, row: [columns * 2 + 1], column: [2] }),
  backwards: (rows: number, columns: number) => ({
    offset: rows * columns - 1,
    row: [-columns],
    column: [-1],
  }),
  oneRow: (_rows: number, _columns: number) => ({ offset: 1, row: [0], column: [1] }),
  oneElement: () => ({ offset: 0, row: [0], column: [0] }),
} as const;
type Layout = keyof typeof layouts;

interface Options {
  a?: Layout;
  b?: Layout;
  batch?: number[];
  batchA?: number[];
  batchB?: number[];
  dtype?: Dtype;
  outputs?: Expression[];
  inputs?: Dtype[];
}

function dot(m: number, n: number, k: number, options: Options = {}): DotKernel {
  const { a = "rows", b = "rows", dtype = "float32" } = options;
  const batch = options.batch ?? [];
  return {
    kind: "dot",
    dtype,
    m: [m],
    n: [n],
    k: [k],
    inputs: [dtype, dtype, ...(options.inputs ?? [])],
    shape: [...batch, m, n],
    a: { input: 0, batch: options.batchA ?? batch.map(() => 0), ...layouts[a](m, k) },
    b: { input: 1, batch: options.batchB ?? batch.map(() => 0), ...layouts[b](k, n) },
    outputs: options.outputs ?? [{ kind: "result", dtype }],
    key: "",
  };
}

const room = (m: number, k: number, batch = 1): number => batch * (m * k * 2 + m + k + 8);
const noise = (dtype: Dtype, length: number, seed = 1): TypedArray =>
  array(
    dtype,
    Array.from({ length }, (_, i) =>
      dtype === "int32" ? ((i + seed) * 2654435761) | 0 : Math.sin(i * 12.9 + seed),
    ),
  );

const tolerance = (dtype: Dtype, k: number): number =>
  dtype === "float32" ? 1.2e-7 : dtype === "float64" ? 1e-15 * (k + 2) : 0;

describe("products of every layout", () => {
  const sizes = [
    [1, 1, 1],
    [1, 7, 5],
    [7, 1, 5],
    [5, 7, 1],
    [2, 3, 4],
    [4, 4, 4],
    [3, 9, 70],
    [13, 17, 19],
    [16, 16, 16],
    [33, 31, 20],
    [64, 10, 33],
    [70, 70, 3],
    [40, 300, 2],
    [1, 300, 40],
    [300, 1, 9],
    [35, 260, 17],
  ] as const;
  for (const dtype of ["float32", "float64", "int32"] as const) {
    for (const a of Object.keys(layouts) as Layout[]) {
      test(`${dtype}, a by ${a}`, () => {
        for (const b of Object.keys(layouts) as Layout[]) {
          for (const [m, n, k] of sizes) {
            if (dtype === "int32" && m * n * k > 8000) continue;
            const data = [noise(dtype, room(m, k)), noise(dtype, room(k, n), 2)];
            check(dot(m, n, k, { a, b, dtype }), data, tolerance(dtype, k));
          }
        }
      });
    }
  }
});

test("sizes 1 to 70", () => {
  fc.assert(
    fc.property(
      fc.record({
        m: fc.integer({ min: 1, max: 70 }),
        n: fc.integer({ min: 1, max: 70 }),
        k: fc.integer({ min: 1, max: 70 }),
        a: fc.constantFrom(...(Object.keys(layouts) as Layout[])),
        b: fc.constantFrom(...(Object.keys(layouts) as Layout[])),
        dtype: fc.constantFrom("float32", "float64", "int32"),
      }),
      ({ m, n, k, a, b, dtype }) => {
        check(
          dot(m, n, k, { a, b, dtype }),
          [noise(dtype, room(m, k)), noise(dtype, room(k, n), 2)],
          tolerance(dtype, k),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("k in several passes, and more columns than are packed at once", () => {
  for (const b of ["rows", "columns"] as const) {
    const [m, n, k] = [8, 270, 1100];
    check(dot(m, n, k, { b }), [noise("float32", room(m, k)), noise("float32", room(k, n), 2)], 1.2e-7);
    check(
      dot(9, 11, 2500, { b }),
      [noise("float32", room(9, 2500)), noise("float32", room(2500, 11), 2)],
      1.2e-7,
    );
  }
});

test("batches, of one axis and of several, broadcast and backwards", () => {
  for (const [m, n, k] of [
    [3, 4, 5],
    [20, 20, 20],
  ] as const) {
    const one = dot(m, n, k, { batch: [3], batchA: [m * k], batchB: [0] });
    check(one, [noise("float32", room(m, k, 3)), noise("float32", room(k, n))], 1.2e-7);
    const two = dot(m, n, k, { batch: [2, 3], batchA: [m * k, 0], batchB: [0, k * n] });
    check(two, [noise("float32", room(m, k, 2)), noise("float32", room(k, n, 3))], 1.2e-7);
    const three = dot(m, n, k, { batch: [2, 1, 3], batchA: [3 * m * k, 7, m * k], batchB: [0, 0, -k * n] });
    const shifted = { ...three, b: { ...three.b, offset: 2 * k * n } };
    check(shifted, [noise("float32", room(m, k, 6)), noise("float32", room(k, n, 3))], 1.2e-7);
  }
});

test("rows, columns and steps over several axes that overlap, repeat and run backwards", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
  const stride = fc.constantFrom(1, 1, 2, 3, 7, -1, -4, 0);
  const strides = fc.array(stride, { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(
      fc.record({
        m: sizes,
        n: sizes,
        k: sizes,
        batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
        steps: fc.array(strides, { minLength: 6, maxLength: 6 }),
        dtype: fc.constantFrom("float32", "float64", "int32"),
      }),
      ({ m, n, k, batch, steps, dtype }) => {
        const operand = (
          input: number,
          parts: readonly (readonly [sizes: readonly number[], strides: readonly number[]])[],
        ): { operand: DotOperand; room: number } => {
          const cut = parts.map(([sizes, strides]) => strides.slice(0, sizes.length));
          const ends = parts.flatMap(([sizes, strides]) => sizes.map((size, i) => (size - 1) * strides[i]!));
          const low = ends.reduce((sum, end) => sum + Math.min(0, end), 0);
          const high = ends.reduce((sum, end) => sum + Math.max(0, end), 0);
          const [of, row, column] = cut as [number[], number[], number[]];
          return { operand: { input, offset: -low, batch: of, row, column }, room: high - low + 1 };
        };
        const [s0, s1, s2, s3, s4, s5] = steps as [
          number[],
          number[],
          number[],
          number[],
          number[],
          number[],
        ];
        const a = operand(0, [[batch, s0], [m, s1], [k, s2]]); // prettier-ignore
        const b = operand(1, [[batch, s3], [k, s4], [n, s5]]); // prettier-ignore
        const total = (sizes: readonly number[]): number =>
          sizes.reduce((product, size) => product * size, 1);
        const kernel = { ...dot(1, 1, 1, { dtype }), m, n, k, a: a.operand, b: b.operand };
        check(
          { ...kernel, shape: [...batch, total(m), total(n)] },
          [noise(dtype, a.room), noise(dtype, b.room, 2)],
          tolerance(dtype, total(k)),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test("NaN and infinities come through, and zeros beyond the edge make none", () => {
  for (const [m, n, k] of [
    [3, 5, 7],
    [18, 21, 19],
    [1, 30, 30],
  ] as const) {
    const a = noise("float32", m * k);
    const b = noise("float32", k * n, 2);
    a[0] = Infinity;
    a[m * k - 1] = NaN;
    b[k * n - 1] = -Infinity;
    check(dot(m, n, k), [a, b], 1.2e-7);
  }
});

test("the epilogue sees the right row, column and batch, and writes several outputs in place", () => {
  const [m, n, k] = [37, 270, 9];
  for (const size of [1, 3]) {
    const shape = size === 1 ? [m, n] : [size, m, n];
    const rank = shape.length;
    const result: Expression = { kind: "result", dtype: "float32" };
    const bias: Expression = {
      kind: "load",
      dtype: "float32",
      input: 2,
      map: { offset: 0, strides: [...shape.slice(2).map(() => 0), 0, 1].slice(-rank), mask: null },
    };
    const state: Expression = { kind: "load", dtype: "float32", input: 3, map: contiguous(shape) };
    const sum: Expression = { kind: "binary", dtype: "float32", op: "add", x: result, y: bias };
    const moved: Expression = { kind: "binary", dtype: "float32", op: "add", x: sum, y: state };
    const masked: Expression = {
      kind: "load",
      dtype: "float32",
      input: 2,
      map: {
        offset: 0,
        strides: shape.map((_, axis) => (axis === rank - 1 ? 1 : 0)),
        mask: shape.map((n) => [1, n - 1]),
      },
    };
    const kernel = dot(m, n, k, {
      ...(size > 1 ? { batch: [size], batchA: [m * k], batchB: [k * n] } : {}),
      inputs: ["float32", "float32"],
      outputs: [moved, sum, masked],
    });
    const data = [
      noise("float32", room(m, k, size)),
      noise("float32", room(k, n, size), 2),
      noise("float32", n, 3),
      noise("float32", size * m * n, 4),
    ];
    const expected = check(kernel, data, 1e-6);
    for (const backend of backends) {
      const shared = data[3]!.slice();
      const others = [array("float32", size * m * n), array("float32", size * m * n)];
      backend.run(backend.compile(kernel), [...data.slice(0, 3), shared, shared, ...others]);
      expectSameBits([shared, ...others], expected);
    }
  }
});

test("a row's product does not depend on how many rows there are", () => {
  const [n, k] = [40, 300];
  const a = noise("float32", 64 * k);
  const b = noise("float32", k * n, 2);
  const [many] = runOn(codegen, dot(64, n, k), [a, b]);
  for (const m of [1, 2, 5]) {
    const [few] = runOn(codegen, dot(m, n, k), [a.subarray(0, m * k), b]);
    expect(few).toEqual(many!.slice(0, m * n));
  }
});
