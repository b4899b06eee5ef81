import type { Expression, IndexMap, Kernel, TypedArray, UnaryOp } from "@chainrule/core";
import { reference } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { createBackend, expectSameBits, runOn, runOnCpu } from "./run.ts";

const map: IndexMap = { offset: 0, strides: [1], mask: null };
const functions: Readonly<Partial<Record<UnaryOp, (x: number) => number>>> = {
  exp: Math.exp,
  log: Math.log,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf: reference.erf,
  log1p: Math.log1p,
  expm1: Math.expm1,
};

const unaryKernel = (op: UnaryOp, dtype: "float32" | "float64", length: number): Kernel => ({
  kind: "map",
  shape: [length],
  inputs: [dtype],
  outputs: [{ kind: "unary", dtype, op, x: { kind: "load", dtype, input: 0, map } }],
  key: "",
});

const edges = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  1,
  -1,
  0.5,
  1e-45,
  -1e-45,
  1.17549435e-38,
  3.4028235e38,
  -3.4028235e38,
];

/** Every sign and exponent of float32 with many fractions, and more where results are neither 0 nor infinite. */
function wholeRange(): Float32Array {
  const bits = new Uint32Array(256 * 2 * 512);
  let at = 0;
  for (let high = 0; high < 512; high++) {
    for (let i = 0; i < 512; i++) bits[at++] = ((high << 23) | ((i * 16411 + high * 97) & 0x7fffff)) >>> 0;
  }
  const dense = Float32Array.from({ length: 200_001 }, (_, i) => (i - 100_000) / 1000 + 1e-5);
  return Float32Array.from([...edges, ...new Float32Array(bits.buffer), ...dense]);
}

const box = new Float32Array(1);
const bitsOf = new Int32Array(box.buffer);

/** The distance from the exact value in units of the last place of the float32 next to it. */
function ulps(actual: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(actual, rounded) || (Number.isNaN(actual) && Number.isNaN(rounded))) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(actual)) return Infinity;
  box[0] = Math.abs(rounded);
  bitsOf[0]! += 1;
  const unit = Number.isFinite(box[0]) ? box[0] - Math.abs(rounded) : 2 ** 104;
  return Math.abs(actual - exact) / unit;
}

describe.each(["relaxed", "simd"] as const)("%s", async (instructionSet) => {
  const backend = await createBackend(1, instructionSet);
  const inputs = wholeRange();

  test.each(Object.keys(functions) as UnaryOp[])("float32 %s is within 2 units of the last place", (op) => {
    const [actual] = runOn(backend, unaryKernel(op, "float32", inputs.length), [inputs]);
    let [worst, at] = [0, 0];
    inputs.forEach((x, i) => {
      const error = ulps(actual![i]!, functions[op]!(x));
      if (error > worst) [worst, at] = [error, i];
    });
    expect({ x: inputs[at], y: actual![at], isWithin: worst <= 2 }).toEqual({
      x: inputs[at],
      y: worst <= 2 ? actual![at] : functions[op]!(inputs[at]!),
      isWithin: true,
    });
  });

  test("float32 pow is within 2 units of the last place, and IEEE 754's at the edges", () => {
    const load = (input: number): Expression => ({ kind: "load", dtype: "float32", input, map });
    const bases: number[] = [];
    const exponents: number[] = [];
    const special = [...edges, 2, -2, 3, -3, 1.5, -0.5, 1e10, 2 ** 24 + 2];
    for (const x of special) {
      bases.push(...special.map(() => x));
      exponents.push(...special);
    }
    for (let i = 0; i < 100_000; i++) {
      const x = 2 ** (((i * 0.618034) % 60) - 30) * (1 + ((i * 0.7548) % 1));
      bases.push(i % 3 === 0 ? -x : x);
      exponents.push(i % 3 === 0 ? (i % 11) - 5 : ((i * 0.5698) % 1) * 8 - 4);
    }
    const [x, y] = [Float32Array.from(bases), Float32Array.from(exponents)];
    const kernel: Kernel = {
      kind: "map",
      shape: [x.length],
      inputs: ["float32", "float32"],
      outputs: [{ kind: "binary", op: "pow", dtype: "float32", x: load(0), y: load(1) }],
      key: "",
    };
    const [actual] = runOn(backend, kernel, [x, y]);
    x.forEach((base, i) => {
      const exact = base === 1 || (base === -1 && Math.abs(y[i]!) === Infinity) ? 1 : base ** y[i]!;
      const error = ulps(actual![i]!, exact);
      if (error > 2)
        expect({ base, exponent: y[i], power: actual![i] }).toEqual({ power: Math.fround(exact) });
    });
  });

  test("float64 functions give the host's bits", () => {
    const doubles: TypedArray = Float64Array.from({ length: 20_000 }, (_, i) => (i - 10_000) / 317);
    for (const op of Object.keys(functions) as UnaryOp[]) {
      const kernel = unaryKernel(op, "float64", doubles.length);
      expectSameBits(runOn(backend, kernel, [doubles]), runOnCpu(kernel, [doubles]), () => op);
    }
  });
});
