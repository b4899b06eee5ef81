import type { DotKernel, DotOperand, Expression, Kernel, PlanStep, TypedArray } from "@chainrule/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DotPlan, planDot } from "../src/dot-plan.ts";
import type { WasmBackend, WasmBuffer, WasmExecutable } from "../src/index.ts";
import { contiguous, Random } from "./kernels.ts";
import { createBackend, expectSameBits } from "./run.ts";

const float32 = "float32";
const result = { kind: "result", dtype: float32 } as const;
const load = (input: number, shape: readonly number[]): Expression => ({
  kind: "load",
  dtype: float32,
  input,
  map: contiguous(shape),
});
const sum = (x: Expression, y: Expression): Expression => ({
  kind: "binary",
  dtype: float32,
  op: "add",
  x,
  y,
});

/** Kernels that run one after the other, each bound to buffers of the plan by number. */
interface Sample {
  readonly about: string;
  readonly buffers: readonly TypedArray[];
  readonly steps: readonly { readonly kernel: Kernel; readonly places: readonly number[] }[];
}

/** A matrix that lies by rows, or by columns where it is turned. */
const lying = (input: number, rows: number, columns: number, isTurned: boolean): DotOperand => ({
  input,
  offset: 0,
  batch: [],
  row: [isTurned ? 1 : columns],
  column: [isTurned ? rows : 1],
});

/**
 * About what a layer does in a training step: y += a·b in place, with the product as another output; tanh in place; sums
 * of columns added in place; rows picked, and put back by adding; and b's gradient aᵀ·r, which is plain.
 */
function sampleOf(random: Random, m: number, n: number, k: number, aTurned: boolean): Sample {
  // Columns of b that lie in seven stretches with gaps are rows of what is computed.
  const stretch = n % 7 === 0 ? n / 7 : n;
  const isParted = stretch < n;
  const bTurned = !isParted && random.below(2) === 0;
  const data = (length: number): TypedArray => new Float32Array(length).map(() => random.unit() - 0.5);
  const rows = Int32Array.from({ length: m }, () => random.below(m));
  const product: Omit<DotKernel, "a" | "b" | "inputs" | "outputs"> = {
    kind: "dot",
    dtype: float32,
    m: [m],
    n: isParted ? [7, stretch] : [n],
    k: [k],
    shape: [m, n],
    key: "",
  };
  const byRow = { offset: 0, strides: [0, 1], mask: null };
  const rowOf = (input: number): Expression => ({
    kind: "load",
    dtype: "int32",
    input,
    map: { offset: 0, strides: [1, 0], mask: null },
  });
  const axis = { map: byRow, axisStride: n, axisSize: m };
  const steps: [Kernel, number[]][] = [
    [
      {
        ...product,
        inputs: [float32, float32, float32],
        a: lying(0, m, k, aTurned),
        b: isParted
          ? { input: 1, offset: 0, batch: [], row: [7 * (stretch + 1)], column: [stretch + 1, 1] }
          : lying(1, k, n, bTurned),
        outputs: [sum(load(2, [m, n]), result), result],
      },
      [0, 1, 2, 2, 3],
    ],
    [
      {
        kind: "map",
        shape: [m * n],
        inputs: [float32],
        outputs: [{ kind: "unary", dtype: float32, op: "tanh", x: load(0, [m * n]) }],
        key: "",
      },
      [3, 3],
    ],
    [
      {
        kind: "reduce",
        op: "sum",
        shape: [n],
        reduced: [m],
        value: { kind: "load", dtype: float32, input: 0, map: { offset: 0, strides: [1, n], mask: null } },
        inputs: [float32, float32],
        outputs: [sum(load(1, [n]), result)],
        key: "",
      },
      [3, 4, 4],
    ],
    [
      {
        kind: "gather",
        dtype: float32,
        shape: [m, n],
        inputs: [float32, "int32"],
        source: { input: 0, ...axis },
        index: rowOf(1),
        outputs: [result],
        key: "",
      },
      [3, 5, 6],
    ],
    [
      {
        kind: "scatterAdd",
        dtype: float32,
        shape: [m, n],
        length: m * n,
        inputs: [float32, "int32"],
        target: axis,
        value: load(0, [m, n]),
        index: rowOf(1),
        outputs: [result],
        key: "",
      },
      [6, 5, 7],
    ],
    [
      {
        ...product,
        m: [k],
        n: [n],
        k: [m],
        shape: [k, n],
        inputs: [float32, float32],
        a: lying(0, k, m, !aTurned),
        b: lying(1, m, n, false),
        outputs: [result],
      },
      [0, 7, 8],
    ],
  ];
  return {
    about: `${m}×${n}, ${k} steps, ${aTurned ? "aᵀ" : "a"}·${bTurned ? "bᵀ" : "b"}${isParted ? " in stretches" : ""}`,
    buffers: [m * k, k * (n + 7), m * n, m * n, n, rows, m * n, m * n, k * n].map((what) =>
      typeof what === "number" ? data(what) : what,
    ),
    steps: steps.map(([kernel, places]) => ({ kernel, places })),
  };
}

/** The ways in which threads share a product that are to be met with: each goes wrong by itself. */
const traits: Readonly<Record<string, (plan: DotPlan) => boolean>> = {
  "A is packed": ({ packsA }) => packsA,
  "B is packed": ({ packsB }) => packsB,
  "rows of results adjoin": ({ turned }) => turned,
  "sums are made in parts": ({ parts }) => parts > 1,
  "passes add to outputs": ({ plain, passes }) => plain && passes > 1,
  "passes add to scratch": ({ waits }) => waits,
  "a short block is added to": (plan) => isShort(plan) && plan.plain && plan.passes > 1,
  "a short block is finished at once": (plan) => isShort(plan) && !plan.plain && !plan.waits,
  "a short block is finished after it has waited": (plan) => isShort(plan) && plan.waits,
};

/** Whether the last block has fewer panels than others, and its last panel fewer columns than whole vectors. */
const isShort = ({ blocks, n, panel, panels }: DotPlan): boolean =>
  blocks > 1 && Math.ceil(n / panel) % panels > 0 && n % 4 > 0;

/** From little scratch memory to much, so that plans are replayed after it was renewed. */
function samples(): Sample[] {
  const random = new Random(11);
  const sizes: (readonly [m: number, n: number, k: number, aTurned: boolean])[] = [
    [16, 354, 784, false],
    [17, 2100, 66, false],
    [6, 70, 1031, true],
    [900, 1, 700, false],
    [64, 390, 1500, false],
    [1100, 150, 16, true],
    [2100, 531, 6, true],
    [16, 150, 4100, false],
  ];
  for (let i = 0; i < 8; i++) {
    const [m, n] = [random.pick([2, 5, 9, 16, 33, 130]), 1 + random.below(600)];
    const k = Math.min(5000, Math.ceil((1_000_000 * (1 + random.below(6))) / (m * n)));
    sizes.push([m, n, k, random.below(2) === 0]);
  }
  const work = ([m, n, k]: (typeof sizes)[number]): number => m * n * k;
  return sizes.sort((x, y) => work(x) - work(y)).map((each) => sampleOf(random, ...each));
}

/** A plan of a backend, and the buffers that it changes. */
interface Captured {
  readonly steps: readonly PlanStep<WasmBuffer, WasmExecutable>[];
  readonly written: readonly WasmBuffer[];
}

function capture(backend: WasmBackend, { buffers, steps }: Sample): Captured {
  const held = buffers.map((data) => {
    const buffer = backend.alloc(data.length, data instanceof Int32Array ? "int32" : float32);
    backend.write(buffer, data);
    return buffer;
  });
  const written = new Set(steps.flatMap(({ kernel, places }) => places.slice(kernel.inputs.length)));
  return {
    steps: steps.map(({ kernel, places }) => ({
      executable: backend.compile(kernel),
      buffers: places.map((place) => held[place]!),
    })),
    written: [...written].map((place) => held[place]!),
  };
}

function replay(backend: WasmBackend, { steps, written }: Captured): TypedArray[] {
  backend.runPlan!(steps);
  return written.map((buffer) => backend.readSync!(buffer));
}

let backends: WasmBackend[];
beforeAll(async () => {
  backends = await Promise.all([1, 2, 3].map((threads) => createBackend(threads)));
});
afterAll(() => {
  for (const backend of backends) backend.dispose();
});

test("plans of kernels that threads share give the bits of one thread, replay after replay", () => {
  const [one, ...others] = backends as [WasmBackend, ...WasmBackend[]];
  const shared = new Set<string>();
  const compare = (sample: Sample, captured: readonly Captured[]): void => {
    const expected = replay(one, captured[0]!);
    others.forEach((other, i) => {
      expectSameBits(replay(other, captured[i + 1]!), expected, () => `${sample.about}, ${other.mode}`);
    });
  };
  const made = samples().map((sample): [Sample, Captured[]] => {
    const captured = backends.map((backend) => capture(backend, sample));
    captured[1]!.steps.forEach(({ executable }, i) => {
      if (!executable.calls.some(({ parallel }) => parallel)) return;
      const { kernel } = sample.steps[i]!;
      shared.add(kernel.kind);
      if (kernel.kind !== "dot") return;
      const plan = planDot(kernel, true);
      for (const [trait, has] of Object.entries(traits)) if (has(plan)) shared.add(trait);
    });
    for (let i = 0; i < 3; i++) compare(sample, captured);
    return [sample, captured];
  });
  // By now scratch memory is elsewhere.
  for (const [sample, captured] of made.toReversed()) compare(sample, captured);
  expect(shared).toEqual(new Set(["dot", "map", "reduce", ...Object.keys(traits)]));
});
