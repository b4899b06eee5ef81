import {
  BackendError,
  DtypeError,
  IndexError,
  listBackends,
  registerBackend,
  setBackend,
  tensor,
  withBackend,
  zeros,
  type MapKernel,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { createGpu, gpu } from "../src/index.ts";

const map = { offset: 0, strides: [1], mask: null };

const copyOf = (size: number): MapKernel => ({
  kind: "map",
  inputs: ["float32"],
  outputs: [{ kind: "load", dtype: "float32", input: 0, map }],
  shape: [size],
  key: `copy ${size}`,
});

describe("what runs", () => {
  it("there is no GPU in Node, and nothing else runs in its place", async () => {
    registerBackend(gpu);
    const listing = (await listBackends()).find(({ name }) => name === "gpu");
    expect(listing).toMatchObject({ available: false, reason: expect.stringMatching(/no WebGL2 here/) });
    await expect(setBackend("gpu")).rejects.toThrow(/"gpu" is not available here: there is no WebGL2/);
    expect(() => gpu.create()).toThrow(BackendError);
  });

  it("says why a mode that gpu.js does not have does not run", () => {
    const plugin = createGpu({ mode: "abacus" as "webgl2" });
    expect(plugin.unavailable()).toMatch(/no mode "abacus"/);
    expect(() => plugin.create()).toThrow(BackendError);
  });

  it("there is no WebGPU in Node", async () => {
    const plugin = createGpu({ mode: "webgpu" });
    expect(await plugin.unavailable()).toMatch(/no WebGPU here/);
    await expect(plugin.create()).rejects.toThrow(BackendError);
  });

  it.each(["webasm", "cpu"] as const)("%s runs where it is asked for, and says so", (mode) => {
    const backend = createGpu({ mode }).create();
    expect(backend.mode).toBe(mode);
    expect(backend.adapter).toMatch(/processor/);
    backend.dispose();
    expect(() => backend.alloc(1, "float32")).toThrow(/disposed/);
  });
});

describe.each(["webasm", "cpu"] as const)("%s", (mode) => {
  const name = `gpu ${mode} of its own`;
  beforeAll(() => registerBackend({ ...createGpu({ mode }), name }));
  const here = <T>(body: () => Promise<T>): Promise<T> => withBackend(name, body);

  it("holds an int32 that floats do not, and refuses to compute with it", () =>
    here(async () => {
      const large = tensor(Int32Array.of(2 ** 24 + 1, -(2 ** 31)));
      const same = await large.to(name);
      expect(await same.data()).toEqual(Int32Array.of(2 ** 24 + 1, -(2 ** 31)));
      await expect(same.add(1).data()).rejects.toThrow(DtypeError);
    }));

  it("refuses an int32 result that floats do not hold, also one that came of such a result", () =>
    here(async () => {
      const x = tensor(Int32Array.of(5000, 1));
      await expect(x.mul(x).data()).rejects.toThrow(/2²⁴ or more/);
      await expect(x.mul(x).sub(x.mul(x)).data()).rejects.toThrow(DtypeError);
      expect(await x.mul(3000).data()).toEqual(Int32Array.of(15_000_000, 3000));
    }));

  it("refuses float64", () =>
    here(async () => {
      await expect(tensor([1], { dtype: "float64" }).exp().data()).rejects.toThrow(DtypeError);
    }));

  it("refuses a tensor that is too large", () =>
    here(async () => {
      const { capabilities } = await setBackend(name);
      const sum = zeros([capabilities.maxElements + 1]).add(tensor([1]));
      await expect(sum.data()).rejects.toThrow(/at most 16777216 elements/);
    }));

  it("sums more products than a tensor has elements", () =>
    here(async () => {
      const last = tensor(Float32Array.from({ length: 5000 }, (_, i) => Number(i === 4999)));
      const odd = tensor(Float32Array.from({ length: 5000 }, (_, i) => i % 2));
      expect(await last.reshape([5000, 1]).mul(odd).sum().item()).toBe(2500);
    }));

  it("refuses an index out of range that was computed", () =>
    here(async () => {
      const index = tensor(Int32Array.of(0, 1)).add(1);
      await expect(tensor([1, 2]).gather(index, 0).data()).rejects.toThrow(IndexError);
    }));

  it("refuses buffers of another context", () => {
    const [one, other] = [createGpu({ mode }).create(), createGpu({ mode }).create()];
    const kernel = one.compile(copyOf(3));
    expect(() => one.run(kernel, [other.alloc(3, "float32"), one.alloc(3, "float32")])).toThrow(
      /two GPU contexts/,
    );
  });

  it("updates in place, and gives zeros for what was never written", async () => {
    const backend = createGpu({ mode }).create();
    const kernel = backend.compile({
      ...copyOf(3),
      outputs: [
        {
          kind: "binary",
          dtype: "float32",
          op: "add",
          x: { kind: "load", dtype: "float32", input: 0, map: { offset: 2, strides: [-1], mask: null } },
          y: { kind: "const", dtype: "float32", value: 0.5 },
        },
      ],
    });
    const buffer = backend.alloc(3, "float32");
    expect(await backend.read(buffer)).toEqual(new Float32Array(3));
    backend.write(buffer, Float32Array.of(1, 2, 3));
    backend.run(kernel, [buffer, buffer]);
    expect(await backend.read(buffer)).toEqual(Float32Array.of(3.5, 2.5, 1.5));
  });

  it("compiles once for each size of what is read", async () => {
    const backend = createGpu({ mode }).create();
    const kernel = backend.compile(copyOf(2));
    const target = backend.alloc(2, "float32");
    for (const length of [2, 5, 2, 5, 2]) {
      const source = backend.alloc(length, "float32");
      backend.write(source, new Float32Array(length).fill(length));
      backend.run(kernel, [source, target]);
      expect(await backend.read(target)).toEqual(Float32Array.of(length, length));
    }
    expect(backend.statistics.compiled).toBe(2);
  });
});
