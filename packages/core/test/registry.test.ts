import { cpu, createCpu } from "@chainrule/backend-cpu";
import type * as Core from "@chainrule/core";
import {
  type Backend,
  BackendError,
  type BackendPlugin,
  compile,
  concat,
  DtypeError,
  getBackend,
  listBackends,
  memory,
  random,
  realizeSync,
  registerBackend,
  setBackend,
  tensor,
  Variable,
  withBackend,
  zeros,
} from "@chainrule/core";
import { describe, expect, it, vi } from "vitest";
import { cpuAs, cpuPlugin, numbersOf } from "./support.ts";

/** A plug-in that starts in its own time, and whose first `failures` starts fail. */
function slowPlugin(name: string, failures = 0): BackendPlugin & { starts: number } {
  const plugin = {
    name,
    starts: 0,
    create: async () => {
      plugin.starts++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (plugin.starts <= failures) throw new Error(`${name} is not in the mood`);
      return cpuAs(name);
    },
  };
  return plugin;
}

/** A copy of core with a registry of its own, and `plugin` in it. */
async function freshCore(plugin: BackendPlugin): Promise<typeof Core> {
  vi.resetModules();
  const core = await import("@chainrule/core");
  core.registerBackend(plugin);
  return core;
}

const message = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BackendError);
  return (error as Error).message;
};

describe("before anything is registered", () => {
  it("graphs can be built, and computing them says what to install", async () => {
    const x = tensor([1, 2]).add(zeros([2]));
    expect(x.backend).toBeNull();
    expect(await message(x.data())).toMatch(/no backend is registered; install @chainrule\/backend-cpu/);
    expect(() => x.dataSync()).toThrow(BackendError);
    expect(() => getBackend()).toThrow(BackendError);
    expect(await message(setBackend("cpu"))).toMatch(
      /"cpu" is not registered; none is\. Install @chainrule\/backend-cpu/,
    );
    expect(memory()).toEqual({});
    expect(await listBackends()).toContainEqual({
      name: "cpu",
      available: false,
      reason: "not registered: install @chainrule/backend-cpu",
    });
    // What is on the host can be read without any.
    expect(await numbersOf(tensor([1, 2]))).toEqual([1, 2]);
  });
});

describe("registered backends", () => {
  it("the first is the default, started when it is first used", async () => {
    let starts = 0;
    registerBackend({ name: "cpu", create: () => (starts++, createCpu()) });
    registerBackend(cpuPlugin("second"));
    expect(starts).toBe(0);
    expect(tensor([1]).add(1).dataSync()[0]).toBe(2);
    expect([starts, getBackend().name]).toEqual([1, "cpu"]);
    await setBackend("cpu");
    expect(starts).toBe(1);
  });

  it("an unknown name lists what there is and what to install", async () => {
    expect(await message(setBackend("wasm"))).toBe(
      'backend "wasm" is not registered; "cpu", "second" are. Install @chainrule/backend-wasm, ' +
        "then registerBackend(wasm) with the plugin that it exports",
    );
    expect(await message(withBackend("quantum", () => {}))).toMatch(
      /"quantum".*Pass its plugin to registerBackend/,
    );
    expect(await message(tensor([1]).to("quantum"))).toMatch(/"quantum"/);
  });

  it("a second plug-in of a name replaces the first until that has started", async () => {
    registerBackend(cpuPlugin("replaced"));
    registerBackend(cpuPlugin("replaced", () => ({ mode: "the second" })));
    expect((await setBackend("replaced")).mode).toBe("the second");
    expect(() => registerBackend(cpuPlugin("replaced"))).toThrow(/already running/);
    await setBackend("cpu");
  });

  it("setBackend and withBackend choose where new computations run, withBackend for a while", async () => {
    await setBackend("second");
    expect([getBackend().name, tensor([1]).add(1).backend]).toEqual(["second", null]);
    const x = tensor([1]).add(1);
    realizeSync(x);
    expect(x.backend).toBe("second");
    await withBackend("cpu", async () => {
      expect(getBackend().name).toBe("cpu");
      expect(await x.add(1).item()).toBe(3);
      expect(x.add(1).backend).toBe("second");
      await withBackend("second", () => expect(getBackend().name).toBe("second"));
      expect(getBackend().name).toBe("cpu");
    });
    expect(getBackend().name).toBe("second");
    await setBackend("cpu");
  });

  it("withBackend puts the default back when its body throws, and when the backend does not start", async () => {
    const fails = withBackend("second", () => Promise.reject(new Error("body")));
    await expect(fails).rejects.toThrow("body");
    expect(getBackend().name).toBe("cpu");
    registerBackend({ name: "absent", unavailable: () => "no such chip", create: () => cpuAs("absent") });
    expect(await message(withBackend("absent", () => {}))).toMatch(
      /"absent" is not available here: no such chip/,
    );
    expect(getBackend().name).toBe("cpu");
    expect(await withBackend("second", () => 5)).toBe(5);
  });

  it("withBackend refuses bodies that run at the same time, and leaves the default as it was", async () => {
    registerBackend(cpuPlugin("third"));
    const wait = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const [first, later] = await Promise.allSettled([
      withBackend("second", wait(5)),
      withBackend("third", wait(20)),
    ]);
    expect(first).toMatchObject({
      status: "rejected",
      reason: expect.objectContaining({
        name: "StateError",
        message: expect.stringMatching(/withBackend\("second"\) ended before withBackend\("third"\).*to\(\)/),
      }),
    });
    expect(later.status).toBe("fulfilled");
    expect(getBackend().name).toBe("cpu");
    // The body's own error is the one to tell.
    const failing = withBackend("second", () => wait(5)().then(() => Promise.reject(new Error("body"))));
    const [failed] = await Promise.allSettled([failing, withBackend("third", wait(20))]);
    expect(failed).toMatchObject({ reason: { message: "body" } });
    expect(getBackend().name).toBe("cpu");
  });

  it("withBackend takes bodies that do not wait, however many are asked for at once", async () => {
    const names = ["second", "cpu", "second"];
    expect(await Promise.all(names.map((name) => withBackend(name, () => getBackend().name)))).toEqual(names);
    expect(getBackend().name).toBe("cpu");
  });

  it("listBackends says which can run, and why others cannot", async () => {
    registerBackend({
      name: "shy",
      unavailable: () => Promise.resolve("asks for a secret"),
      create: () => cpuAs("shy"),
    });
    const listed = await listBackends();
    expect(listed).toContainEqual({ name: "cpu", available: true });
    expect(listed).toContainEqual({ name: "shy", available: false, reason: "asks for a secret" });
    expect(listed.filter(({ name }) => name === "cpu")).toHaveLength(1);
    expect(await message(setBackend("shy"))).toMatch(/asks for a secret/);
  });
});

describe("backends that take a moment to start", () => {
  it("start once, however many wait for them", async () => {
    const slow = slowPlugin("slow");
    registerBackend(slow);
    const x = tensor([1]);
    const copies = await Promise.all([x.to("slow"), x.to("slow"), x.to("slow")]);
    expect([slow.starts, ...copies.map((copy) => copy.backend)]).toEqual([1, "slow", "slow", "slow"]);
  });

  it("a synchronous read names what to wait for", async () => {
    const core = await freshCore(slowPlugin("only"));
    const x = core.tensor([1]).add(1);
    expect(() => x.dataSync()).toThrow(
      /"only" takes a moment to start; wait for it: await setBackend\("only"\)/,
    );
    expect(() => core.getBackend()).toThrow(/takes a moment/);
    expect(await x.item()).toBe(2);
    expect(x.dataSync()[0]).toBe(2);
  });

  it("that fail can be tried again, and nobody hears of a failure who did not wait", async () => {
    const moody = slowPlugin("moody", 2);
    const core = await freshCore(moody);
    expect(() => core.tensor([1]).add(1).dataSync()).toThrow(/takes a moment/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(core.tensor([1]).add(1).data()).rejects.toThrow("moody is not in the mood");
    expect(await core.tensor([1]).add(1).item()).toBe(2);
    expect(moody.starts).toBe(3);
  });

  it("a plug-in that starts at once is there at once, while another call waits for it too", async () => {
    const core = await freshCore(cpu);
    const waiting = core.tensor([1]).add(1).data();
    expect(core.tensor([1]).add(2).dataSync()[0]).toBe(3);
    expect((await waiting)[0]).toBe(2);
    const failing = {
      name: "failing",
      create: (): Backend => {
        throw new Error("no device");
      },
    };
    core.registerBackend(failing);
    await expect(core.setBackend("failing")).rejects.toThrow("no device");
    await expect(core.setBackend("failing")).rejects.toThrow("no device");
  });
});

describe("two backends", () => {
  it("in one expression are an error that names both and the way out", async () => {
    const x = tensor([1, 2]);
    const y = await tensor([3, 4]).to("second");
    realizeSync(x.add(1));
    expect(x.backend).toBe("cpu");
    const uses = [() => x.add(y), () => y.matmul(x), () => concat([x, y]), () => x.exp().mul(y.sin())];
    for (const use of uses) {
      expect(use).toThrow(BackendError);
      expect(use).toThrow(/"cpu".*"second"|"second".*"cpu"/);
      expect(use).toThrow(/await t\.to\("(cpu|second)"\)/);
    }
    expect(await numbersOf(x.add(await y.to("cpu")))).toEqual([4, 6]);
  });

  it("are noticed late where both operands were still on the host", async () => {
    const [x, y] = [tensor([1]), tensor([2])];
    const sum = x.add(y);
    realizeSync(x.add(1));
    await withBackend("second", () => realizeSync(y.add(1)));
    expect(await message(sum.data())).toMatch(/two backends.*await t\.to/);
  });

  it("are noticed by a captured function as well", async () => {
    const w = new Variable(tensor([1, 2]));
    realizeSync(w);
    const step = compile((x: ReturnType<typeof tensor>) => x.mul(w));
    expect(step(tensor([2, 2])).dataSync()).toEqual(Float32Array.of(2, 4));
    const elsewhere = await tensor([2, 2]).to("second");
    expect(() => step(elsewhere)).toThrow(/"cpu".*"second"|"second".*"cpu"/);
    await w.moveTo("second");
    expect(step(elsewhere).dataSync()).toEqual(Float32Array.of(2, 4));
  });

  it("what waits on the host goes along with what does not", async () => {
    const x = await tensor([1, 2]).to("second");
    const y = x
      .add(tensor([1, 1]))
      .add(random.uniform([2]).mul(0))
      .add(zeros([2]));
    expect([await numbersOf(y), y.backend]).toEqual([[2, 3], "second"]);
  });

  it("to() and back give the same bits of every dtype; to() where it is gives itself", async () => {
    const values = [
      tensor([0.1, -0, NaN, Infinity]),
      tensor(Float64Array.of(0.1, Number.MIN_VALUE)),
      tensor(Int32Array.of(-5, 7)),
      tensor(Uint8Array.of(0, 255)),
      tensor([true, false]),
      zeros([0, 3]),
      tensor(4),
    ];
    for (const x of values) {
      const there = await x.to("second");
      const back = await there.to("cpu");
      expect([there.backend, back.backend, back.dtype, back.shape]).toEqual([
        "second",
        "cpu",
        x.dtype,
        x.shape,
      ]);
      expect(await back.data()).toEqual(await x.data());
      expect(await there.to("second")).toBe(there);
    }
  });

  it("moveTo takes a variable along, with what is made of it", async () => {
    const w = new Variable(tensor([1, 2]).mul(2), { name: "w" });
    await w.moveTo("second");
    expect([w.backend, w.name, w.mul(2).backend]).toEqual(["second", "w", "second"]);
    w.assign(w.add(1));
    await w.moveTo("cpu");
    await w.moveTo("cpu");
    expect([await numbersOf(w), w.backend]).toEqual([[3, 5], "cpu"]);
  });
});

describe("a backend within its capabilities", () => {
  it("is refused dtypes, sizes and synchronous reads that it does not have", async () => {
    registerBackend(
      cpuPlugin("small", (inner) => ({
        capabilities: {
          dtypes: ["float32", "int32", "bool"],
          synchronousReads: false,
          maxOutputs: 4,
          maxElements: 10,
        },
        read: (buffer) => inner.read(buffer as never),
      })),
    );
    await withBackend("small", async () => {
      const x = tensor([1, 2]).add(1);
      expect(() => x.dataSync()).toThrow(
        /"small" \(\w+\) cannot be read synchronously; use "await t\.data\(\)"/,
      );
      expect(await numbersOf(x)).toEqual([2, 3]);
      await expect(tensor([1], { dtype: "float64" }).add(1).data()).rejects.toThrow(DtypeError);
      await expect(zeros([11]).exp().data()).rejects.toThrow(/at most 10 elements in a tensor, not 11/);
    });
  });

  it("written against the public types alone can run a model", async () => {
    const kernels = new Set<string>();
    const plugin: BackendPlugin = {
      name: "third-party",
      unavailable: () => null,
      create(): Backend {
        const inner: Backend = createCpu({ codegen: false });
        return Object.assign(Object.create(inner) as Backend, {
          name: "third-party",
          mode: "counting",
          threads: 1,
          capabilities: { ...inner.capabilities, maxOutputs: 2 },
          alloc: inner.alloc.bind(inner),
          free: inner.free.bind(inner),
          write: inner.write.bind(inner),
          read: inner.read.bind(inner),
          readSync: inner.readSync!.bind(inner),
          run: inner.run.bind(inner),
          dispose: inner.dispose.bind(inner),
          compile: (kernel: Parameters<Backend["compile"]>[0]) => (
            kernels.add(kernel.kind),
            inner.compile(kernel)
          ),
        });
      },
    };
    registerBackend(plugin);
    await withBackend("third-party", async () => {
      const w = new Variable(random.normal([3, 2]));
      const labels = tensor([0, 2], { dtype: "int32", shape: [2, 1] });
      const step = compile((x: ReturnType<typeof tensor>) => {
        const loss = x.matmul(w.T).logSoftmax().gather(labels, 1).mean().neg();
        w.assign(w.sub(loss.gradient(w)[0]!));
        return loss;
      });
      const x = tensor([
        [1, 0],
        [0, 1],
      ]);
      const losses: number[] = [];
      for (let i = 0; i < 20; i++) losses.push(await step(x).item());
      expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
      expect(getBackend()).toMatchObject({ name: "third-party", mode: "counting" });
    });
    expect(kernels).toContain("dot");
  });
});
