/** Runs one kernel of each kind in a process of its own and prints the mode and the bits of all outputs. */
import type { Expression, Kernel } from "@chainrule/core";
import { createCpu } from "../src/index.ts";

const f = "float32" as const;
const at = (strides: number[], offset = 0) => ({ offset, strides, mask: null });
const load = (input: number, strides: number[]): Expression => ({
  kind: "load",
  dtype: f,
  input,
  map: at(strides),
});
const result: Expression = { kind: "result", dtype: f };
const picks: Expression = { kind: "load", dtype: "int32", input: 1, map: at([1, 0]) };
const base = { inputs: [f, f], outputs: [result], key: "" };

const kernels: readonly Kernel[] = [
  {
    ...base,
    kind: "map",
    shape: [6, 8],
    outputs: [
      {
        kind: "unary",
        dtype: f,
        op: "exp",
        x: { kind: "binary", dtype: f, op: "mul", x: load(0, [8, 1]), y: load(1, [1, 6]) },
      },
    ],
  },
  { ...base, kind: "reduce", op: "sum", shape: [6], reduced: [40], value: load(0, [40, 1]) },
  { ...base, kind: "reduce", op: "sum", shape: [40], reduced: [6], value: load(0, [1, 40]) },
  {
    ...base,
    kind: "dot",
    dtype: f,
    shape: [12, 14],
    m: [12],
    n: [14],
    k: [17],
    a: { input: 0, offset: 0, batch: [], row: [17], column: [1] },
    b: { input: 1, offset: 0, batch: [], row: [1], column: [17] },
    outputs: [{ kind: "binary", dtype: f, op: "max", x: result, y: { kind: "const", dtype: f, value: 0 } }],
  },
  {
    ...base,
    kind: "gather",
    dtype: f,
    inputs: [f, "int32"],
    shape: [5, 4],
    source: { input: 0, map: at([0, 1]), axisStride: 4, axisSize: 10 },
    index: picks,
  },
  {
    ...base,
    kind: "scatterAdd",
    dtype: f,
    inputs: [f, "int32"],
    shape: [5, 4],
    length: 40,
    target: { map: at([0, 1]), axisStride: 4, axisSize: 10 },
    value: load(0, [4, 1]),
    index: picks,
  },
];

const backend = createCpu();
const floats = (seed: number): Float32Array =>
  Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * seed));
const bits: number[] = [];
for (const kernel of kernels) {
  const inputs = kernel.inputs.map((dtype, i) =>
    dtype === "int32" ? Int32Array.of(3, 0, 9, 3, 3) : floats(i + 1.3),
  );
  const out = new Float32Array(
    kernel.kind === "scatterAdd" ? kernel.length : kernel.shape.reduce((a, b) => a * b),
  );
  backend.run(backend.compile(kernel), [...inputs, out]);
  bits.push(...new Int32Array(out.buffer));
}
console.log(JSON.stringify({ mode: backend.mode, bits: bits.join() }));
