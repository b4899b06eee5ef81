import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { BackendError, type DotKernel, type Kernel, type TypedArray } from "@chainrule/core";
import { expect, test } from "vitest";
import * as control from "../src/control.ts";
import { createWasm, type WasmBackend } from "../src/index.ts";
import { contiguous, Random } from "./kernels.ts";
import { createBackend, expectSameBits, runOn } from "./run.ts";

const float32 = "float32";
const result = { kind: "result", dtype: float32 } as const;

/** Kernels large enough to be shared between threads, and their inputs. */
function largeCases(): { kernel: Kernel; inputs: TypedArray[] }[] {
  const random = new Random(5);
  const data = (length: number): TypedArray => random.elements(float32, length, false);
  const load = (input: number, shape: readonly number[]) =>
    ({ kind: "load", dtype: float32, input, map: contiguous(shape) }) as const;
  const product = (m: number, n: number, k: number, tA: boolean, tB: boolean): DotKernel => ({
    kind: "dot",
    dtype: float32,
    m: [m],
    n: [n],
    k: [k],
    shape: [m, n],
    key: "",
    inputs: [float32, float32, float32],
    a: { input: 0, offset: 0, batch: [], row: [tA ? 1 : k], column: [tA ? m : 1] },
    b: { input: 1, offset: 0, batch: [], row: [tB ? 1 : n], column: [tB ? k : 1] },
    outputs: [{ kind: "binary", dtype: float32, op: "add", x: result, y: load(2, [m, n]) }, result],
  });
  const products = (
    [
      [32, 128, 784],
      [128, 784, 32],
      [3, 900, 400],
      [130, 130, 1500],
      [257, 66, 64],
    ] as const
  ).flatMap(([m, n, k]) =>
    [
      [false, false],
      [false, true],
      [true, false],
    ].map(([tA, tB]) => ({
      kernel: product(m, n, k, tA!, tB!),
      inputs: [data(m * k), data(k * n), data(m * n)],
    })),
  );
  const wide = [300, 1001];
  const value = { kind: "unary", dtype: float32, op: "exp", x: load(0, wide) } as const;
  const folds = [
    { shape: [300], reduced: [1001], strides: [1001, 1] },
    { shape: [1001], reduced: [300], strides: [1, 1001] },
  ].map(({ shape, reduced, strides }) => ({
    kernel: {
      kind: "reduce",
      op: "sum",
      shape,
      reduced,
      inputs: [float32],
      outputs: [result],
      key: "",
      value: { ...value, x: { ...value.x, map: { offset: 0, strides, mask: null } } },
    } as Kernel,
    inputs: [data(300 * 1001)],
  }));
  const elementwise: Kernel = { kind: "map", shape: [300_300], inputs: [float32], outputs: [value], key: "" };
  const flat = { ...elementwise, outputs: [{ ...value, x: load(0, [300_300]) }] };
  const batched: DotKernel = {
    kind: "dot",
    dtype: float32,
    m: [20],
    n: [30],
    k: [40],
    shape: [12, 20, 30],
    key: "",
    inputs: [float32, float32],
    a: { input: 0, offset: 0, batch: [800], row: [40], column: [1] },
    b: { input: 1, offset: 0, batch: [1200], row: [30], column: [1] },
    outputs: [result],
  };
  return [
    ...products,
    ...folds,
    { kernel: flat, inputs: [data(300_300)] },
    { kernel: batched, inputs: [data(12 * 800), data(12 * 1200)] },
  ];
}

test("one, two and three threads give the same bits, again and again", async () => {
  const backends = await Promise.all([1, 2, 3].map((threads) => createBackend(threads)));
  expect(backends.map(({ mode }) => mode)).toEqual([
    "relaxed SIMD, 1 thread",
    "relaxed SIMD, 2 threads",
    "relaxed SIMD, 3 threads",
  ]);
  const [one, ...others] = backends as [WasmBackend, ...WasmBackend[]];
  for (const { kernel, inputs } of largeCases()) {
    const expected = runOn(one, kernel, inputs);
    for (const other of others) {
      for (let i = 0; i < 4; i++)
        expectSameBits(runOn(other, kernel, inputs), expected, () => [kernel, other.mode]);
    }
  }
  for (const backend of backends) backend.dispose();
});

/** Milliseconds: a machine with more to do than cores leaves a healthy thread without one for some hundred. */
const patience = 3000;

/** The workers of a backend, which it keeps to itself. */
async function withWorkers(run: (create: () => Promise<WasmBackend>, workers: Worker[]) => Promise<void>) {
  const { default: threads } = await import("node:worker_threads");
  const { Worker: Original } = threads;
  const workers: Worker[] = [];
  class Watched extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      workers.push(this);
    }
  }
  threads.Worker = Watched;
  try {
    await run(async () => (await createWasm({ threads: 2, patience }).create()) as WasmBackend, workers);
  } finally {
    threads.Worker = Original;
  }
}

test("after a worker has died, work goes on with one thread, and the mode says so", async () => {
  await withWorkers(async (create, workers) => {
    const backend = await create();
    const { kernel, inputs } = largeCases()[0]!;
    const expected = runOn(backend, kernel, inputs);
    await workers[0]!.terminate();
    expect(backend.mode).toBe("relaxed SIMD, 1 thread (a worker ended)");
    expectSameBits(runOn(backend, kernel, inputs), expected, () => "after");
    backend.dispose();
  });
});

test("a worker that dies in the middle of its work gives an error, not a hang", async () => {
  await withWorkers(async (create, workers) => {
    const backend = await create();
    const { kernel, inputs } = largeCases()[0]!;
    const expected = runOn(backend, kernel, inputs);
    // The main thread cannot hear of the end before its own turn ends.
    let error: unknown = null;
    const end = workers[0]!.terminate();
    const start = performance.now();
    while (error === null && performance.now() - start < 1000) {
      try {
        runOn(backend, kernel, inputs);
      } catch (caught) {
        error = caught;
      }
    }
    await end;
    // It may have died between two kernels: then nothing was lost.
    if (error !== null) expect(error).toBeInstanceOf(BackendError);
    expect(backend.threads).toBe(1);
    expectSameBits(runOn(backend, kernel, inputs), expected, () => "after");
    backend.dispose();
  });
});

/** Joins the next job that is opened in a memory, and never finishes it. */
const idler = `
  const { workerData, parentPort } = require("node:worker_threads");
  const words = new Int32Array(workerData.buffer);
  parentPort.postMessage("ready");
  for (let joined = false; !joined; ) {
    const state = Atomics.load(words, ${control.state / 4});
    joined = (state & 0x80) !== 0 && Atomics.compareExchange(words, ${control.state / 4}, state, state + 1) === state;
  }
`;

test("a thread that never finishes its share is given up with a BackendError", async () => {
  const { Memory } = WebAssembly;
  let memory: WebAssembly.Memory | undefined;
  WebAssembly.Memory = new Proxy(Memory, {
    construct: (target, [descriptor]: [WebAssembly.MemoryDescriptor]) => (memory = new target(descriptor)),
  });
  const backend = (await createWasm({ threads: 2, patience }).create()) as WasmBackend;
  WebAssembly.Memory = Memory;
  const { kernel, inputs } = largeCases()[0]!;
  const expected = runOn(backend, kernel, inputs);
  const worker = new Worker(idler, { eval: true, workerData: memory });
  await new Promise((resolve) => worker.once("message", resolve));
  expect(() => {
    for (let i = 0; i < 1000; i++) runOn(backend, kernel, inputs);
  }).toThrow(/a worker thread did not finish its share/);
  await worker.terminate();
  expect(backend.mode).toBe("relaxed SIMD, 1 thread (a worker was lost)");
  expectSameBits(runOn(backend, kernel, inputs), expected, () => "after");
  backend.dispose();
});

test("workers never keep Node alive", () => {
  const script = `
    import { registerBackend, setBackend, random } from "@chainrule/core";
    import { createWasm } from "@chainrule/backend-wasm";
    registerBackend(createWasm({ threads: 2 }));
    const { mode } = await setBackend("wasm");
    const x = random.uniform([300, 300]);
    console.log(mode, (await x.matmul(x).data()).length);
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: join(import.meta.dirname, ".."),
    encoding: "utf8",
    timeout: 15_000,
  });
  expect({ stdout, stderr, status }).toEqual({
    stdout: "relaxed SIMD, 2 threads 90000\n",
    stderr: "",
    status: 0,
  });
});
