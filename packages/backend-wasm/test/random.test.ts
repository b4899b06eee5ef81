import type { DotKernel, Dtype, GatherKernel, Kernel, ScatterAddKernel, TypedArray } from "@chainrule/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WasmBackend } from "../src/index.ts";
import { array, Random, sizeOf } from "./kernels.ts";
import { createBackend, expectClose, expectSameBits, runOn, runOnCpu } from "./run.ts";

let relaxed: WasmBackend;
let plain: WasmBackend;
beforeAll(async () => {
  relaxed = await createBackend(1, "relaxed");
  plain = await createBackend(1, "simd");
});
afterAll(() => {
  relaxed.dispose();
  plain.dispose();
});

/** Both instruction sets must give the bits of the CPU backend. */
function check(kernel: Kernel, inputs: readonly TypedArray[], seed: number): void {
  const expected = runOnCpu(kernel, inputs);
  for (const backend of [relaxed, plain]) {
    expectSameBits(runOn(backend, kernel, inputs), expected, () => ({ seed, mode: backend.mode }));
  }
}

test("random expressions over random maps give the bits of the CPU backend", () => {
  for (let seed = 0; seed < 700; seed++) {
    const random = new Random(seed);
    const shape = random.shape();
    const inputs: TypedArray[] = [];
    const kinds: Dtype[] = [];
    const outputs = random.program(shape, inputs, kinds);
    check({ kind: "map", shape, inputs: kinds, outputs, key: "" }, inputs, seed);
  }
});

test("random reductions agree with the CPU backend", () => {
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const [shape, reduced] = [random.shape(2), random.shape(2)];
    const inputs: TypedArray[] = [];
    const kinds: Dtype[] = [];
    const [value] = random.program([...shape, ...reduced], inputs, kinds, { count: 1, wild: false });
    const op = random.pick(["sum", "max", "prod"] as const);
    const isExact = op === "max" || !value!.dtype.startsWith("float");
    const epilogue = isExact
      ? random.program(shape, inputs, kinds, { result: value!.dtype })
      : [{ kind: "result", dtype: value!.dtype } as const];
    const kernel: Kernel = {
      kind: "reduce",
      op,
      value: value!,
      shape,
      reduced,
      inputs: kinds,
      outputs: epilogue,
      key: "",
    };
    if (isExact) check(kernel, inputs, seed);
    else {
      const [expected] = runOnCpu(kernel, inputs);
      const tolerance = value!.dtype === "float32" ? 2e-6 : 1e-12;
      for (const backend of [relaxed, plain])
        expectClose(runOn(backend, kernel, inputs)[0]!, expected!, tolerance, `seed ${seed}`);
    }
  }
});

test("random gathers and scatters give the bits of the CPU backend", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const shape = random.shape();
    const dtype = random.pick(["bool", "uint8", "int32", "float32", "float64"] as const);
    const inputs: TypedArray[] = [];
    const kinds: Dtype[] = [];
    const size = 1 + random.below(4);
    const picks = random.map(shape, false);
    const indices = array(
      "int32",
      Array.from({ length: picks.needed }, () => random.below(size)),
    );
    const { map, needed } = random.map(shape);
    if (seed % 2 === 0) {
      const outputs = random.program(shape, inputs, kinds, { result: dtype });
      const first = inputs.length;
      const kernel: GatherKernel = {
        kind: "gather",
        dtype,
        shape,
        inputs: [...kinds, dtype, "int32"],
        source: { input: first, map, axisStride: 2, axisSize: size },
        index: { kind: "load", dtype: "int32", input: first + 1, map: picks.map },
        outputs,
        key: "",
      };
      check(kernel, [...inputs, random.elements(dtype, needed + 2 * size), indices], seed);
    } else {
      const [value] = random.program(shape, inputs, kinds, { count: 1 });
      const kernel: ScatterAddKernel = {
        kind: "scatterAdd",
        dtype: value!.dtype,
        shape,
        length: needed + 2 * size,
        inputs: [...kinds, "int32"],
        target: { map, axisStride: 2, axisSize: size },
        value: value!,
        index: { kind: "load", dtype: "int32", input: inputs.length, map: picks.map },
        outputs: [{ kind: "result", dtype: value!.dtype }],
        key: "",
      };
      check(kernel, [...inputs, indices], seed);
    }
  }
});

test("an index out of range is named, with what it may be, and the next run works", () => {
  const kernel: GatherKernel = {
    kind: "gather",
    dtype: "float32",
    inputs: ["float32", "int32"],
    shape: [5, 3],
    source: { input: 0, map: { offset: 0, strides: [0, 1], mask: null }, axisStride: 3, axisSize: 4 },
    index: { kind: "load", dtype: "int32", input: 1, map: { offset: 0, strides: [1, 0], mask: null } },
    outputs: [{ kind: "result", dtype: "float32" }],
    key: "",
  };
  const table = new Float32Array(12).map((_, i) => i);
  for (const bad of [4, -1, 2 ** 31 - 1, -(2 ** 31)]) {
    expect(() => runOn(relaxed, kernel, [table, array("int32", [0, 1, bad, 3, 0])])).toThrow(
      new RegExp(`index ${bad} .* of size 4.* 0 … 3`),
    );
  }
  check(kernel, [table, array("int32", [0, 1, 2, 3, 0])], 0);
});

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
} as const;
const names = Object.keys(layouts) as (keyof typeof layouts)[];

describe("products", () => {
  const check = (kernel: DotKernel, random: Random, about: string): void => {
    const [m, n, k] = [kernel.m, kernel.n, kernel.k].map(sizeOf) as [number, number, number];
    const { dtype } = kernel;
    const batches = sizeOf(kernel.shape.slice(0, -2));
    const room = (rows: number, columns: number): number =>
      batches * (rows * columns * 2 + rows + columns + 8);
    const inputs = [random.elements(dtype, room(m, k), false), random.elements(dtype, room(k, n), false)];
    inputs.push(...kernel.inputs.slice(2).map((of) => random.elements(of, sizeOf(kernel.shape), false)));
    const expected = runOnCpu(kernel, inputs);
    for (const backend of [relaxed, plain]) {
      const actual = runOn(backend, kernel, inputs);
      const tolerance = dtype === "float32" ? 3e-5 * Math.sqrt(k + 1) : dtype === "float64" ? 1e-12 * k : 0;
      actual.forEach((output, i) => expectClose(output, expected[i]!, tolerance, `${about}, output ${i}`));
    }
  };

  test("sizes 1 to 70, of every layout, with and without an epilogue", () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = new Random(seed);
      const [m, n, k] = [1 + random.below(70), 1 + random.below(70), 1 + random.below(70)];
      const sizes = seed % 4 === 0 ? [1 + random.below(3), n, k] : seed % 4 === 1 ? [m, 1, k] : [m, n, k];
      const [rows, columns, depth] = sizes as [number, number, number];
      const dtype = random.pick(["float32", "float32", "float64", "int32"] as const);
      const batch = random.below(4) === 0 ? [2, 3].slice(random.below(2)) : [];
      const [a, b] = [random.pick(names), random.pick(names)];
      const shape = [...batch, rows, columns];
      const result = { kind: "result", dtype } as const;
      const other = { kind: "load", dtype, input: 2, map: contiguousOf(shape) } as const;
      const sum = { kind: "binary", dtype, op: "add", x: result, y: other } as const;
      const plainResult = random.below(2) === 0;
      const kernel: DotKernel = {
        kind: "dot",
        dtype,
        m: [rows],
        n: [columns],
        k: [depth],
        inputs: plainResult ? [dtype, dtype] : [dtype, dtype, dtype],
        shape,
        a: { input: 0, batch: batch.map((_, i) => (i === 0 ? 0 : rows * depth)), ...layouts[a](rows, depth) },
        b: { input: 1, batch: batch.map(() => depth * columns), ...layouts[b](depth, columns) },
        outputs: plainResult ? [result] : [sum, result],
        key: "",
      };
      check(kernel, random, `seed ${seed}: ${shape.join("×")}, k ${depth}, ${a} by ${b}, ${dtype}`);
    }
  });

  test("sizes past every block", () => {
    const big = [
      [7, 700, 70],
      [130, 33, 1100],
      [9, 2100, 300],
      [3, 5, 2500],
      [260, 260, 260],
    ] as const;
    for (const [m, n, k] of big) {
      for (const tA of [false, true]) {
        for (const tB of [false, true]) {
          for (const hasEpilogue of [false, true]) {
            const dtype = "float32";
            const result = { kind: "result", dtype } as const;
            const other = { kind: "load", dtype, input: 2, map: contiguousOf([m, n]) } as const;
            const kernel: DotKernel = {
              kind: "dot",
              dtype,
              m: [m],
              n: [n],
              k: [k],
              shape: [m, n],
              key: "",
              inputs: hasEpilogue ? [dtype, dtype, dtype] : [dtype, dtype],
              a: { input: 0, offset: 0, batch: [], row: [tA ? 1 : k], column: [tA ? m : 1] },
              b: { input: 1, offset: 0, batch: [], row: [tB ? 1 : n], column: [tB ? k : 1] },
              outputs: hasEpilogue
                ? [{ kind: "binary", dtype, op: "mul", x: result, y: other }, other]
                : [result],
            };
            check(kernel, new Random(m + n + k), `${m}×${n}×${k} ${tA} ${tB} ${hasEpilogue}`);
          }
        }
      }
    }
  });
});

function contiguousOf(shape: readonly number[]) {
  return {
    offset: 0,
    strides: shape.map((_, axis) => sizeOf(shape.slice(axis + 1))),
    mask: null,
  };
}
