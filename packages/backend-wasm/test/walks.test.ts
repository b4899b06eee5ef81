import type { DotKernel, Dtype, DotOperand, Shape } from "@chainrule/core";
import { expect, test } from "vitest";
import type { WasmBackend } from "../src/index.ts";
import { contiguous, Random, sizeOf } from "./kernels.ts";
import { createBackend, expectClose, expectSameBits, runOn, runOnCpu } from "./run.ts";

/** An operand whose axes lie in any order, overlap, repeat or run backwards, and the room that it takes. */
function operand(
  random: Random,
  input: number,
  batch: Shape,
  rows: Shape,
  columns: Shape,
): { operand: DotOperand; room: number } {
  const sizes = [...batch, ...rows, ...columns];
  const strides = sizes.map(() => random.pick([1, 1, 2, 3, 5, 18, -1, -7, 0]));
  let [low, high] = [0, 0];
  sizes.forEach((size, axis) => {
    const end = (size - 1) * strides[axis]!;
    low += Math.min(0, end);
    high += Math.max(0, end);
  });
  const [b, r] = [batch.length, batch.length + rows.length];
  return {
    operand: {
      input,
      offset: -low,
      batch: strides.slice(0, b),
      row: strides.slice(b, r),
      column: strides.slice(r),
    },
    room: high - low + 1,
  };
}

const axes = (random: Random, limit: number): number[] =>
  Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(limit));

function product(random: Random, dtype: DotKernel["dtype"], limit: number, m: Shape, n: Shape, k: Shape) {
  const batch = Array.from({ length: random.below(3) }, () => 1 + random.below(limit));
  const shape = [...batch, sizeOf(m), sizeOf(n)];
  const a = operand(random, 0, batch, m, k);
  const b = operand(random, 1, batch, k, n);
  const result = { kind: "result", dtype } as const;
  const load = { kind: "load", dtype, input: 2, map: contiguous(shape) } as const;
  const isPlain = random.below(2) === 0;
  const inputs: Dtype[] = isPlain ? [dtype, dtype] : [dtype, dtype, dtype];
  const kernel: DotKernel = {
    kind: "dot",
    dtype,
    m,
    n,
    k,
    shape,
    inputs,
    a: a.operand,
    b: b.operand,
    outputs: isPlain ? [result] : [{ kind: "binary", dtype, op: "add", x: result, y: load }, result],
    key: "",
  };
  const rooms = [a.room, b.room, sizeOf(shape)];
  return { kernel, inputs: inputs.map((of, i) => random.elements(of, rooms[i]!, false)) };
}

let backends: WasmBackend[];
const all = async (): Promise<WasmBackend[]> =>
  (backends ??= await Promise.all([
    createBackend(1, "relaxed"),
    createBackend(1, "simd"),
    createBackend(2, "relaxed"),
    createBackend(3, "relaxed"),
  ]));

async function check({ kernel, inputs }: ReturnType<typeof product>, about: string): Promise<void> {
  const [relaxed, plain, two, three] = (await all()) as [WasmBackend, WasmBackend, WasmBackend, WasmBackend];
  const expected = runOnCpu(kernel, inputs);
  const k = sizeOf(kernel.k);
  const tolerance =
    kernel.dtype === "float32" ? 3e-5 * Math.sqrt(k + 1) : kernel.dtype === "float64" ? 1e-12 * k : 0;
  const outputs = runOn(relaxed, kernel, inputs);
  for (const actual of [outputs, runOn(plain, kernel, inputs)]) {
    actual.forEach((output, i) => expectClose(output, expected[i]!, tolerance, `${about}, output ${i}`));
  }
  for (const backend of [two, three]) expectSameBits(runOn(backend, kernel, inputs), outputs, () => about);
}

test("operands whose rows, columns and steps run over several axes", async () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const dtype = random.pick(["float32", "float32", "float64", "int32"] as const);
    const [m, n, k] = [axes(random, 9), axes(random, 9), axes(random, 9)];
    await check(
      product(random, dtype, 3, m, n, k),
      `seed ${seed}: ${m.join("×")}, ${n.join("×")}, ${k.join("×")}`,
    );
  }
});

test("many rows, long sums, and both", async () => {
  const sizes: [Shape, Shape, Shape][] = [
    [[8], [28, 28], [5, 5]],
    [[16], [14, 14], [8, 5, 5]],
    [[16], [8, 5, 5], [40, 14, 14]],
    [[6], [25], [9, 500]],
    [[3], [20, 31], [3, 700]],
    [[2, 50], [7, 3], [5000]],
    [[130], [9, 40], [70, 20]],
    [[1], [40, 41], [2, 3, 3]],
    [[300], [7, 7], [3, 1031]],
    [[32], [56, 41], [8, 3, 3]],
    [[7], [90, 31], [6, 5]],
  ];
  let seed = 0;
  for (const [m, n, k] of sizes) {
    for (let i = 0; i < 4; i++) {
      const random = new Random(1000 + seed++);
      await check(
        product(random, "float32", 2, m, n, k),
        `${seed}: ${m.join("×")}, ${n.join("×")}, ${k.join("×")}`,
      );
    }
  }
  expect(backends).toHaveLength(4);
  for (const backend of backends) backend.dispose();
});
