import { BackendError } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { createWasm, type WasmBackend } from "../src/index.ts";
import { classOf, Heap } from "../src/heap.ts";
import { Random } from "./kernels.ts";

const heapOf = (maxBytes?: number): Heap => new Heap(new WebAssembly.Memory({ initial: 1 }), 1024, maxBytes);

describe("the heap", () => {
  test("wastes at most a quarter, and no two blocks overlap, whatever is taken and given", () => {
    const random = new Random(1);
    const heap = heapOf();
    const live: { address: number; bytes: number }[] = [];
    for (let i = 0; i < 5000; i++) {
      if (live.length > 0 && random.below(100) < 48) {
        const [block] = live.splice(random.below(live.length), 1);
        heap.give(block!.address, block!.bytes);
        continue;
      }
      const bytes = Math.floor(2 ** (random.unit() * 18));
      const size = classOf(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(Math.max(64, bytes * 1.25 + 64));
      live.push({ address: heap.take(bytes), bytes });
    }
    const sorted = live.map(({ address, bytes }) => ({ address, end: address + bytes }));
    sorted.sort((a, b) => a.address - b.address);
    sorted.forEach(({ address }, i) => {
      expect(address % 64).toBe(0);
      if (i > 0) expect(sorted[i - 1]!.end).toBeLessThanOrEqual(address);
    });
  });

  test("reuses freed blocks, so that a steady state never grows", () => {
    const heap = heapOf();
    const round = (): void => {
      const blocks = [100, 5000, 64, 70_000].map((bytes) => ({ bytes, address: heap.take(bytes) }));
      for (const { address, bytes } of blocks) heap.give(address, bytes);
    };
    round();
    const before = heap.memory.buffer.byteLength;
    for (let i = 0; i < 1000; i++) round();
    expect(heap.memory.buffer.byteLength).toBe(before);
    expect(heap.liveBytes).toBe(0);
  });

  test("splits larger blocks and joins smaller ones before it gives up", () => {
    const heap = heapOf(2 ** 20);
    const whole = heap.take(900_000);
    heap.give(whole, 900_000);
    const small = Array.from({ length: 13 }, () => heap.take(65_536));
    for (const address of small) heap.give(address, 65_536);
    heap.give(heap.take(900_000), 900_000);
    expect(heap.liveBytes).toBe(0);
  });

  test("names the request and what is live when memory runs out", () => {
    const heap = heapOf(2 ** 20);
    heap.take(500_000);
    expect(() => heap.take(800_000)).toThrow(BackendError);
    expect(() => heap.take(800_000)).toThrow(
      /800000 bytes .* 1 buffers \(0\.5 MiB\) that are live.*grow to 1\.0 MiB/,
    );
    heap.take(1000);
  });

  test("says so too where the host refuses to grow the memory", () => {
    const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 2 }), 1024);
    expect(() => heap.take(200_000)).toThrow(BackendError);
  });
});

test("a backend can be told how much memory it may have", async () => {
  const backend = (await createWasm({ threads: 1, maxBytes: 2 ** 23 }).create()) as WasmBackend;
  const buffer = backend.alloc(2 ** 20, "float32");
  expect(() => backend.alloc(2 ** 21, "float32")).toThrow(/8388608 bytes/);
  backend.free(buffer);
  backend.dispose();
});

// Touches more than 3 GiB of memory, which test machines may not have.
test.skipIf(process.env["CHAINRULE_LARGE_MEMORY"] === undefined)("addresses beyond 2 GiB work", async () => {
  const backend = (await createWasm({ threads: 1 }).create()) as WasmBackend;
  const length = 2 ** 28;
  const [low, middle, high] = [0, 1, 2].map(() => backend.alloc(length, "float32"));
  const small = backend.alloc(1000, "float32");
  const data = Float32Array.from({ length: 1000 }, (_, i) => i);
  backend.write(small, data);
  const map = { offset: 0, strides: [1], mask: null };
  const load = { kind: "load", dtype: "float32", input: 0, map } as const;
  const executable = backend.compile({
    kind: "map",
    shape: [1000],
    inputs: ["float32"],
    outputs: [{ kind: "binary", dtype: "float32", op: "add", x: load, y: load }],
    key: "",
  });
  expect(small.address).toBeGreaterThan(2 ** 31);
  backend.run(executable, [small, high!]);
  expect(backend.readSync!({ ...high!, length: 1000 })).toEqual(data.map((x) => 2 * x));
  for (const buffer of [low!, middle!, high!, small]) backend.free(buffer);
  backend.dispose();
});
