import { cpu } from "@chainrule/backend-cpu";
import {
  arange,
  compile,
  IndexError,
  memory,
  random,
  realize,
  realizeSync,
  registerBackend,
  StateError,
  setBackend,
  type Tensor,
  tensor,
  Variable,
  withBackend,
  zeros,
  cumsum,
} from "@chainrule/core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectGarbage, cpuPlugin, type Held, held } from "./support.ts";

/** What the next allocation or run of the fragile backend does. */
const fragile = { allocationsLeft: Infinity, runsLeft: Infinity };
const count = (what: keyof typeof fragile): void => {
  if (--fragile[what] < 0) throw new Error(`no ${what}`);
};

beforeAll(async () => {
  registerBackend(cpu);
  registerBackend(
    cpuPlugin("fragile", (inner) => ({
      alloc: (length, dtype) => (count("allocationsLeft"), inner.alloc(length, dtype)),
      run: (executable, buffers) => (count("runsLeft"), inner.run(executable as never, buffers as never)),
    })),
  );
  await setBackend("cpu");
});

beforeEach(collectGarbage);

/** Runs `body` in a frame of its own, so that nothing in it is held when it is done, and collects what it left. */
async function afterwards(body: () => unknown, backend = "cpu"): Promise<Held> {
  await body();
  await collectGarbage();
  return held(backend);
}

describe("memory() counts", () => {
  it("the buffers of computed tensors, and none of lazy ones or of those on the host", async () => {
    const before = held();
    const host = tensor([1, 2, 3]);
    const lazy = host.add(1);
    expect(held()).toEqual(before);
    await lazy.data();
    expect(held()).toEqual({ bytes: before.bytes + 24, buffers: before.buffers + 2 });
    lazy.dispose();
    expect(held()).toEqual({ bytes: before.bytes + 12, buffers: before.buffers + 1 });
    host.dispose();
    expect(held()).toEqual(before);
  });

  it("bytes by dtype, and each backend by itself", async () => {
    const before = memory();
    const x = [
      zeros([4], { dtype: "float64" }),
      zeros([4], { dtype: "int32" }),
      zeros([4], { dtype: "bool" }),
    ];
    await realize(...x);
    expect(held().bytes - before["cpu"]!.bytes).toBe(32 + 16 + 4);
    const moved = await x[0]!.to("fragile");
    expect([moved.backend, held("fragile").bytes]).toEqual(["fragile", 32]);
    for (const each of [...x, moved]) each.dispose();
    expect(held().bytes).toBe(before["cpu"]!.bytes);
  });
});

describe("buffers go back", () => {
  it("when the last tensor that leads to them is gone", async () => {
    const before = held();
    const after = await afterwards(async () => {
      const x = random.normal([50, 50]);
      const w = new Variable(random.normal([50, 50]));
      const loss = x.matmul(w).tanh().sum();
      await realize(loss, ...loss.gradient(w, x));
      w.assign(w.mul(2));
      await realize(w);
    });
    expect(after).toEqual(before);
  });

  it("while a gradient may still be asked for, they stay", async () => {
    const before = held();
    let loss: Tensor | undefined = await (async () => {
      const x = tensor([1, 2]);
      const y = x.mul(x).sum();
      await realize(y);
      return y;
    })();
    await collectGarbage();
    expect(held().buffers - before.buffers).toBe(2);
    loss.dispose();
    loss = undefined;
    expect(await afterwards(() => {})).toEqual(before);
  });

  it("of intermediates as soon as the plan has run", async () => {
    const x = random.normal([20, 20]);
    await realize(x);
    const before = held();
    const y = x.matmul(x).matmul(x).matmul(x).softmax();
    await realize(y);
    expect(held().buffers - before.buffers).toBe(1);
    y.dispose();
  });

  it("of a captured step when the function is gone", async () => {
    const before = held();
    const after = await afterwards(async () => {
      const w = new Variable(random.normal([8, 8]));
      const step = compile((x: Tensor) => {
        const y = x.matmul(w).relu().matmul(w);
        w.assign(w.mul(0.9).add(y.mean()));
        return y;
      });
      for (let i = 0; i < 3; i++) await step(random.normal([8, 8])).data();
      expect(held().buffers).toBeGreaterThan(before.buffers);
    });
    expect(after).toEqual(before);
  });

  it("when a kernel throws in the middle of a plan, captured or not", async () => {
    const x = random.normal([30, 30]);
    const bad = tensor(Int32Array.of(0, 99));
    const before = await afterwards(() => realize(x, bad.add(1)));
    const work = (indices: Tensor): Tensor => x.matmul(x).softmax().matmul(x).take(indices).exp().sum(0);
    const after = await afterwards(() => {
      expect(() => work(bad).dataSync()).toThrow(IndexError);
      const step = compile(work);
      for (let i = 0; i < 5; i++) expect(() => step(bad)).toThrow(IndexError);
    });
    expect(after).toEqual(before);
  });

  it("when the backend has no memory or fails, at whatever point that is", async () => {
    await withBackend("fragile", async () => {
      const x = tensor([1, 2, 3]);
      await realize(x.add(1));
      const y = (): Tensor[] => [x.exp().sum().mul(x).softmax(), cumsum(x, 0)];
      await collectGarbage();
      const before = held("fragile");
      for (const what of ["allocationsLeft", "runsLeft"] as const) {
        for (let left = 0; left < 4; left++) {
          fragile[what] = left;
          expect(() => realizeSync(...y())).toThrow(`no ${what}`);
          const step = compile(() => y());
          fragile[what] = left;
          expect(() => step()).toThrow(`no ${what}`);
          fragile[what] = Infinity;
        }
      }
      expect(await afterwards(() => {}, "fragile")).toEqual(before);
    });
  });
});

describe("disposal", () => {
  it("frees at once, once, and what is used afterwards says so", async () => {
    const x = tensor([1, 2]).mul(2);
    await x.data();
    const before = held();
    const dependent = x.add(1);
    x.dispose();
    x.dispose();
    expect(held()).toEqual({ bytes: before.bytes - 8, buffers: before.buffers - 1 });
    for (const use of [() => x.data(), () => x.toArray(), () => dependent.data(), () => x.mul(3).data()]) {
      await expect(use()).rejects.toThrow(StateError);
    }
    expect(() => x.dataSync()).toThrow(/disposed/);
    const onHost = tensor([1]);
    onHost.dispose();
    await expect(onHost.data()).rejects.toThrow(/disposed/);
    expect(() => compile((t: Tensor) => t.add(1))(x)).toThrow(/disposed/);
  });

  it("`using` frees at the end of the block", async () => {
    const before = held();
    const host = arange(10);
    await host.add(1).data();
    await collectGarbage();
    const stored = held();
    const inner = async (): Promise<void> => {
      using x = host.cast("float32").mul(2);
      await x.data();
      expect(held().buffers).toBe(stored.buffers + 1);
    };
    await inner();
    expect(held()).toEqual(stored);
    host.dispose();
    expect(held()).toEqual(before);
  });

  it("leaves alone what is also an older tensor's", async () => {
    const [x, y] = [tensor([1, 2]), tensor([3, 4])];
    await realize(x.add(1), y.add(1));
    const [gradient] = x.mul(y).sum().gradient(x);
    const same = [gradient!, y.cast("float32"), y.reshape(2), y.mul(1), y.broadcastTo([2])];
    for (const each of same) {
      await each.data();
      each.dispose();
    }
    expect(await y.toArray()).toEqual([3, 4]);
  });

  it("of a tensor that a variable was given leaves the variable alone", async () => {
    const x = tensor([1, 2]).add(1);
    const w = new Variable(x);
    await realize(w, x);
    x.dispose();
    expect(await w.toArray()).toEqual([2, 3]);
  });
});

describe("steps without end", () => {
  it("a thousand uncaptured ones hold no more at the end than at the beginning", async () => {
    const [w, x] = [new Variable(random.normal([4, 4])), random.normal([2, 4])];
    const step = async (): Promise<void> => {
      const [g] = x.matmul(w).tanh().square().mean().gradient(w);
      w.assign(w.sub(g!.mul(0.1)));
      await realize(w);
    };
    for (let i = 0; i < 10; i++) await step();
    await collectGarbage();
    const before = held();
    for (let i = 0; i < 1000; i++) await step();
    await collectGarbage();
    expect(held()).toEqual(before);
  });

  it("ten thousand captured ones neither", async () => {
    const [w, x] = [new Variable(random.normal([4, 4])), random.normal([2, 4])];
    const step = compile(() => {
      const loss = x.matmul(w).tanh().square().mean();
      w.assign(w.sub(loss.gradient(w)[0]!.mul(0.1)));
      return loss;
    });
    for (let i = 0; i < 10; i++) step();
    await collectGarbage();
    const before = held();
    for (let i = 0; i < 10_000; i++) step();
    await collectGarbage();
    expect(held()).toEqual(before);
  });

  it.each([
    ["computations on stored tensors", 120_000, (x: Tensor) => x.add(1)],
    ["computations on fresh data", 60_000, () => tensor([1, 2]).add(1)],
    ["captured steps", 120_000, compile((x: Tensor) => x.add(1))],
  ])("%s that are only awaited are collected on the way", async (_, times, make) => {
    const x = tensor([1, 2]);
    let most = 0;
    for (let i = 0; i < times; i++) {
      await make(x).data();
      most = Math.max(most, held().buffers);
    }
    // 120,000 in all: how soon they go is the collector's affair, that they go is ours.
    expect(most).toBeLessThan(100_000);
  });
});
