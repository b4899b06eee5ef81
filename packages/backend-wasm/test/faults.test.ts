import { type DotKernel, OptionError } from "@chainrule/core";
import { afterEach, expect, test, vi } from "vitest";
import { createWasm, wasm, type WasmBackend, type WasmBuffer } from "../src/index.ts";
import { Random } from "./kernels.ts";
import { expectSameBits, runOn, runOnCpu } from "./run.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("a host without WebAssembly, without SIMD or without relaxed SIMD is told apart", () => {
  expect(wasm.unavailable!()).toBeNull();
  vi.spyOn(WebAssembly, "validate").mockReturnValueOnce(false);
  expect(createWasm({ instructionSet: "relaxed" }).unavailable!()).toBeNull();
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(wasm.unavailable!()).toBe("this host's WebAssembly has no SIMD");
  vi.stubGlobal("WebAssembly", undefined);
  expect(wasm.unavailable!()).toBe("this host has no WebAssembly");
});

test("plain SIMD is used where relaxed SIMD is missing", async () => {
  const { validate } = WebAssembly;
  vi.spyOn(WebAssembly, "validate").mockImplementation(
    // The instruction's bytes: prefix 0xfd, then 0x105 in LEB128.
    (bytes) => !new Uint8Array(bytes as ArrayBuffer).join().includes("253,133,2") && validate(bytes),
  );
  expect(createWasm({ instructionSet: "relaxed" }).unavailable!()).toMatch(/no relaxed SIMD/);
  const backend = await createWasm({ threads: 1 }).create();
  expect(backend.mode).toBe("SIMD, 1 thread");
  backend.dispose();
});

test("without shared memory there is one thread, and the mode says why", async () => {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  const backend = await createWasm({ threads: 2 }).create();
  expect(backend.threads).toBe(1);
  expect(backend.mode).toMatch(/1 thread \(this page is not cross-origin isolated/);
  backend.dispose();
});

test("where the main thread may not sleep, it spins", async () => {
  vi.spyOn(Atomics, "wait").mockImplementation(() => {
    throw new TypeError("Atomics.wait cannot be called in this context");
  });
  const backend = await createWasm({ threads: 2 }).create();
  expect(backend.threads).toBe(2);
  const random = new Random(2);
  const length = 200_000;
  const map = { offset: 0, strides: [1], mask: null };
  const x = { kind: "load", dtype: "float32", input: 0, map } as const;
  const kernel = {
    kind: "map",
    shape: [length],
    inputs: ["float32"],
    outputs: [{ kind: "binary", dtype: "float32", op: "mul", x, y: x }],
    key: "",
  } as const;
  const inputs = [random.elements("float32", length)];
  for (let i = 0; i < 20; i++) {
    expectSameBits(runOn(backend, kernel, inputs), runOnCpu(kernel, inputs), () => i);
  }
  backend.dispose();
});

test("options outside their range are refused", () => {
  for (const threads of [0, -1, 1.5, 65, NaN]) expect(() => createWasm({ threads })).toThrow(OptionError);
});

test("where no worker can be started there is one thread, and the mode says why", async () => {
  const { default: threads } = await import("node:worker_threads");
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(source: string, options: object) {
      super(`throw new Error("workers are forbidden");${source}`, options);
    }
  };
  try {
    const backend = await createWasm({ threads: 2 }).create();
    expect(backend.mode).toBe("relaxed SIMD, 1 thread (no worker: workers are forbidden)");
    backend.dispose();
  } finally {
    threads.Worker = Worker;
  }
});

test.each([1, 2])(
  "with %i threads, a kernel too large for memory leaves to others the scratch that they have",
  async (threads) => {
    const backend = (await createWasm({ threads, maxBytes: 4 * 2 ** 20 }).create()) as WasmBackend;
    const result = { kind: "result", dtype: "float32" } as const;
    const product = (m: number, n: number): DotKernel => ({
      kind: "dot",
      dtype: "float32",
      m: [m],
      n: [n],
      k: [1500],
      shape: [m, n],
      inputs: ["float32", "float32"],
      a: { input: 0, offset: 0, batch: [], row: [1500], column: [1] },
      b: { input: 1, offset: 0, batch: [], row: [n], column: [1] },
      outputs: [{ kind: "unary", dtype: "float32", op: "neg", x: result }],
      key: "",
    });
    const filled = (length: number, value: number): WasmBuffer => {
      const buffer = backend.alloc(length, "float32");
      backend.write(buffer, new Float32Array(length).fill(value));
      return buffer;
    };
    const buffers = [filled(40 * 1500, 1), filled(1500 * 40, 2), filled(40 * 40, 0)];
    const executable = backend.compile(product(40, 40));
    expect(() => backend.compile(product(9000, 2000))).toThrow(/out of memory/);
    const others: WasmBuffer[] = [];
    expect(() => {
      for (;;) others.push(filled(1024, 7));
    }).toThrow(/out of memory/);
    backend.run(executable, buffers);
    expect(new Set(backend.readSync!(buffers[2]!))).toEqual(new Set([-3000]));
    for (const other of others) expect(new Set(backend.readSync!(other))).toEqual(new Set([7]));
    backend.dispose();
  },
);
