import { execFileSync } from "node:child_process";
import { BackendError, dtypes, type MapKernel } from "@chainrule/core";
import { expect, test } from "vitest";
import { cpu, createCpu } from "../src/index.ts";
import { Pool } from "../src/pool.ts";
import { array, contiguous } from "./reference.ts";

test("the plug-in makes a ready backend that says what it runs", () => {
  const backend = cpu.create() as ReturnType<typeof createCpu>;
  expect(backend).toMatchObject({ name: "cpu", mode: "codegen", threads: 1 });
  expect(backend.capabilities).toMatchObject({ dtypes, synchronousReads: true });
  expect(createCpu({ codegen: false }).mode).toBe("interpreter");
});

test("buffers hold what is written, and reads are copies", async () => {
  const backend = createCpu();
  for (const dtype of dtypes) {
    for (const length of [0, 1, 17]) {
      const buffer = backend.alloc(length, dtype);
      const data = array(
        dtype,
        Array.from({ length }, (_, i) => i % 2),
      );
      backend.write(buffer, data);
      const copy = await backend.read(buffer);
      expect(copy).toEqual(data);
      copy.fill(9);
      expect(backend.readSync!(buffer)).toEqual(data);
      expect(copy.constructor).toBe(data.constructor);
      backend.free(buffer);
    }
  }
});

test("freed memory is used again, for any dtype of the size class, and no more than the limit is kept", () => {
  const pool = new Pool(10_000);
  const first = pool.take(1000, "float32");
  pool.give(first);
  expect(pool.pooledBytes).toBeGreaterThanOrEqual(4000);
  const second = pool.take(495, "float64");
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(495);
  expect(pool.pooledBytes).toBe(0);
  const many = Array.from({ length: 10 }, () => pool.take(500, "float32"));
  expect(new Set(many.map((one) => one.buffer)).size).toBe(10);
  for (const one of many) pool.give(one);
  expect(pool.pooledBytes).toBeLessThanOrEqual(10_000);
  pool.clear();
  expect(pool.pooledBytes).toBe(0);
});

test("size classes waste at most a quarter", () => {
  const pool = new Pool(0);
  for (let length = 65; length < 5000; length = Math.ceil(length * 1.07)) {
    const { byteLength } = pool.take(length, "uint8").buffer;
    expect(byteLength).toBeGreaterThanOrEqual(length);
    expect(byteLength / length).toBeLessThanOrEqual(1.25);
    expect(byteLength % 8).toBe(0);
  }
});

test("memory that does not exist is a BackendError", () => {
  expect(() => createCpu().alloc(2 ** 45, "float64")).toThrow(BackendError);
});

test("a chain of thousands of operations compiles and runs", () => {
  let value: MapKernel["outputs"][number] = {
    kind: "load",
    dtype: "float32",
    input: 0,
    map: contiguous([3]),
  };
  for (let i = 0; i < 5000; i++) {
    value = {
      kind: "binary",
      dtype: "float32",
      op: "add",
      x: value,
      y: { kind: "const", dtype: "float32", value: 1 },
    };
  }
  const kernel: MapKernel = { kind: "map", shape: [3], inputs: ["float32"], outputs: [value], key: "" };
  for (const backend of [createCpu(), createCpu({ codegen: false })]) {
    const out = array("float32", 3);
    backend.run(backend.compile(kernel), [array("float32", [1, 2, 3]), out]);
    expect([...out]).toEqual([5001, 5002, 5003]);
  }
});

test("where text may not be compiled, the interpreter gives the same bits", () => {
  const run = (...flags: string[]): { mode: string; bits: string } =>
    JSON.parse(
      execFileSync(process.execPath, [...flags, new URL("forbidden.ts", import.meta.url).pathname], {
        encoding: "utf8",
        env: { ...process.env, NODE_NO_WARNINGS: "1" },
      }),
    ) as { mode: string; bits: string };
  const allowed = run();
  const forbidden = run("--disallow-code-generation-from-strings");
  expect(allowed.mode).toBe("codegen");
  expect(forbidden.mode).toBe("interpreter");
  expect(forbidden.bits).toBe(allowed.bits);
});
