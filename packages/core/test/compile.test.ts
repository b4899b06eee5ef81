import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  debug,
  Generator,
  hostValue,
  OptionError,
  random,
  realize,
  realizeSync,
  registerBackend,
  ShapeError,
  StateError,
  Tensor,
  tensor,
  type Tree,
  Variable,
  withBackend,
  zeros,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { bitsOf, cpuPlugin, numbersOf, planPlugin } from "./support.ts";

const planned = planPlugin("planned");

beforeAll(() => {
  registerBackend(cpu);
  registerBackend(cpuPlugin("other"));
  registerBackend(planned);
});

/** A captured function with a count of how often it was captured. */
function counted<A extends readonly Tree[], R extends Tree>(
  body: (...args: A) => R,
): [call: (...args: A) => R, captures: () => number] {
  let count = 0;
  const call = compile((...args: A) => {
    count++;
    return body(...args);
  });
  return [call, () => count];
}

describe("what one capture serves", () => {
  it("the same shapes and dtypes, whatever the elements", async () => {
    const [double, captures] = counted((x: Tensor) => x.mul(2));
    for (const value of [1, 2, 3]) expect(await numbersOf(double(tensor([value])))).toEqual([2 * value]);
    expect(captures()).toBe(1);
    expect(await numbersOf(double(tensor([4]).add(1)))).toEqual([10]);
    expect(captures()).toBe(1);
  });

  it("not another shape, dtype, rank or backend", async () => {
    const [f, captures] = counted((x: Tensor) => x.add(1));
    const inputs = [tensor([1]), tensor([1, 2]), tensor([[1]]), tensor(1), tensor([1], { dtype: "int32" })];
    for (const x of inputs) expect(f(x).shape).toEqual(x.shape);
    expect(captures()).toBe(5);
    const elsewhere = f(await tensor([1]).to("other"));
    expect([captures(), elsewhere.backend]).toEqual([6, "other"]);
    await withBackend("other", () => expect(f(tensor([1])).backend).toBe("other"));
    for (const x of inputs) f(x);
    expect(captures()).toBe(6);
  });

  it("not other settings, told apart exactly", async () => {
    const [scale, captures] = counted(({ x, by }: { x: Tensor; by: number }) => x.mul(by));
    for (const by of [2, 3, 0, -0, NaN, Infinity, 2]) {
      expect(Object.is((await numbersOf(scale({ x: tensor([1]), by })))[0], by)).toBe(true);
    }
    expect(captures()).toBe(6);
    const [plain, others] = counted((x: Tensor, setting: Tree) => [x.add(0.5), setting]);
    const settings = [
      "1",
      1,
      true,
      "true",
      null,
      "null",
      undefined,
      [1],
      ["1"],
      { a: 1 },
      { b: 1 },
      [[]],
      [],
    ];
    for (const setting of settings) plain(tensor([1]), setting);
    expect(others()).toBe(settings.length);
  });

  it("not another place of the tensors", async () => {
    const [f, captures] = counted((x: Tree, y: Tree, z: Tree) =>
      [x, y, z].filter((t) => t instanceof Tensor).reduce((sum, t, i) => sum.add(t.mul(i + 1)), tensor([0])),
    );
    const one = tensor([1]);
    expect(await numbersOf(f(one, { index: 1 }, one))).toEqual([3]);
    expect(await numbersOf(f(one, one, { index: 1 }))).toEqual([3]);
    expect(captures()).toBe(2);
  });

  it("is forgotten when there are too many, and made again", () => {
    const [f, captures] = counted((x: Tensor) => x.sum());
    for (let n = 1; n <= 40; n++) f(zeros([n]));
    expect(captures()).toBe(40);
    f(zeros([40]));
    expect(captures()).toBe(40);
    f(zeros([1]));
    expect(captures()).toBe(41);
  });
});

describe("arguments and results", () => {
  it("may be nested, and results keep their structure, numbers included", async () => {
    const f = compile(({ pair: [x, y], bias }: { pair: [Tensor, Tensor]; bias: number }) => ({
      sums: [x.add(y), x.add(bias)],
      same: x,
      text: "label",
      nothing: null,
      deep: { twice: [y, y] },
    }));
    for (const by of [1, 10]) {
      const result = f({ pair: [tensor([by]), tensor([2 * by])], bias: 5 });
      expect([result.text, result.nothing]).toEqual(["label", null]);
      const read = await Promise.all([...result.sums, result.same, ...result.deep.twice].map(numbersOf));
      expect(read).toEqual([[3 * by], [by + 5], [by], [2 * by], [2 * by]]);
    }
  });

  it("a result that is an argument or a constant is a copy, which later calls leave alone", async () => {
    const constant = tensor([7]);
    const f = compile((x: Tensor) => [x, constant, x.add(1)]);
    const argument = tensor([1]);
    const first = f(argument);
    const second = f(tensor([5]));
    first[0]!.dispose();
    expect(await Promise.all([argument, constant, first[1]!, first[2]!, ...second].map(numbersOf))).toEqual([
      [1],
      [7],
      [7],
      [2],
      [5],
      [7],
      [6],
    ]);
  });

  it("lazy arguments are computed, two that are the same tensor too", async () => {
    const f = compile((x: Tensor, y: Tensor) => x.sub(y.mul(2)));
    const x = tensor([3]).mul(2);
    expect(await numbersOf(f(x, x))).toEqual([-6]);
  });

  it("refuse promises, functions and objects of a class", () => {
    const x = tensor([1]);
    expect(() => compile((() => Promise.resolve(x)) as unknown as () => Tensor)()).toThrow(
      /promise.*without await/,
    );
    expect(() => compile((() => (): void => {}) as unknown as () => Tensor)()).toThrow(OptionError);
    expect(() => compile((setting: Tree) => [x, setting])(new Map() as unknown as Tree)).toThrow(OptionError);
    expect(() => compile((setting: Tree) => [x, setting])(new Float32Array(2) as unknown as Tree)).toThrow(
      OptionError,
    );
  });

  it("gives no results at all, or none but settings", () => {
    expect(compile(() => {})()).toBeUndefined();
    expect(compile((x: Tensor) => x.rank)(zeros([1, 2]))).toBe(2);
  });
});

describe("closed-over tensors", () => {
  it("are constants: realised, on the host or lazy", async () => {
    const [host, lazy] = [tensor([1, 2]), tensor([1, 2]).exp()];
    const stored = tensor([5, 6]).mul(1.5);
    await stored.data();
    const f = compile((x: Tensor) => x.add(host).add(lazy).add(stored));
    const expected = await bitsOf(tensor([1, 1]).add(host).add(lazy).add(stored));
    for (const _ of [0, 1]) expect(await bitsOf(f(tensor([1, 1])))).toBe(expected);
  });

  it("that were disposed are noticed at the next call", () => {
    const constant = tensor([1]).add(1);
    realizeSync(constant);
    const f = compile((x: Tensor) => x.add(constant));
    f(tensor([1]));
    constant.dispose();
    expect(() => f(tensor([1]))).toThrow(StateError);
  });
});

describe("host values", () => {
  it("are computed once at each call, in the order of the code, also where nothing uses them", async () => {
    const calls: string[] = [];
    let t = 0;
    const f = compile((x: Tensor) => {
      const rate = hostValue(() => (calls.push("rate"), 10 * ++t));
      hostValue(() => (calls.push("unused"), 0));
      const pair = hostValue(() => (calls.push("pair"), [t, -t]), { shape: [2], dtype: "float64" });
      return [x.mul(rate), pair];
    });
    for (const n of [1, 2, 3]) {
      const [scaled, pair] = f(tensor([1, 2]));
      expect([await numbersOf(scaled!), await numbersOf(pair!)]).toEqual([
        [10 * n, 20 * n],
        [n, -n],
      ]);
    }
    expect(calls).toEqual(["rate", "unused", "pair", "rate", "unused", "pair", "rate", "unused", "pair"]);
  });

  it("are computed at once outside a capture, and checked for their size", () => {
    expect(hostValue(() => 3, { shape: [2, 2], dtype: "int32" }).dataSync()).toEqual(
      Int32Array.of(3, 3, 3, 3),
    );
    expect(() => hostValue(() => [1, 2], { shape: [3] })).toThrow(ShapeError);
    const f = compile(() => hostValue(() => [1, 2], { shape: [3] }));
    expect(() => f()).toThrow(ShapeError);
  });

  it("of random keys make each call draw afresh, as the plain function would", async () => {
    const draw = (generator?: Generator): Tensor[] => [
      random.uniform([3], { ...(generator && { generator }) }),
      random.normal([2], { dtype: "float64", ...(generator && { generator }) }),
      random.permutation(5, { ...(generator && { generator }) }),
    ];
    const run = async (f: () => Tensor[]): Promise<string[]> => {
      random.seed(11);
      const results = [f(), f(), f()].flat();
      return Promise.all(results.map(bitsOf));
    };
    const captured = compile(() => draw());
    expect(await run(captured)).toEqual(await run(() => draw()));
    // Seeding again after the capture starts over, and a generator of one's own goes on.
    expect(await run(captured)).toEqual(await run(() => draw()));
    const [a, b] = [new Generator(5), new Generator(5)];
    expect(await run(compile(() => draw(a)))).toEqual(await run(() => draw(b)));
    expect([a.counter, b.counter]).toEqual([18, 18]);
  });
});

describe("inside a captured function", () => {
  it("nothing can be read, and the message says what to do", async () => {
    const reads: ((x: Tensor) => unknown)[] = [
      (x) => x.dataSync(),
      (x) => x.itemSync(),
      (x) => realizeSync(x),
    ];
    for (const read of reads) {
      const f = compile((x: Tensor) => {
        read(x);
        return x;
      });
      expect(() => f(tensor([1]))).toThrow(StateError);
      expect(() => f(tensor([1]))).toThrow(/while a function is captured.*outside/s);
    }
    const started: Promise<unknown>[] = [];
    compile((x: Tensor) => {
      started.push(x.data(), x.item(), x.toArray(), realize(x));
      return x;
    })(tensor([1]));
    for (const promise of started) await expect(promise).rejects.toThrow(StateError);
  });

  it("another captured function is part of it", async () => {
    const w = new Variable(tensor([1]));
    const inner = compile((x: Tensor) => {
      w.assign(w.add(x));
      return x.mul(10);
    });
    const outer = compile((x: Tensor) => inner(x).add(inner(x.add(1))));
    for (const expected of [4, 7]) {
      expect(await numbersOf(outer(tensor([1])))).toEqual([30]);
      expect(await numbersOf(w)).toEqual([expected]);
    }
    expect(inner.plans).toHaveLength(0);
    expect(outer.plans).toHaveLength(1);
  });

  it("an argument that got out has no elements", async () => {
    let kept: Tensor | undefined;
    compile((x: Tensor) => {
      kept = x;
      return x;
    })(tensor([1]));
    await expect(kept!.data()).rejects.toThrow(StateError);
    await expect(kept!.add(1).data()).rejects.toThrow(/argument of a captured function/);
  });

  it("an error of the function passes through, and the next call captures again", () => {
    let fails = true;
    const f = compile((x: Tensor) => (fails ? x.reshape(7) : x));
    expect(() => f(tensor([1]))).toThrow(ShapeError);
    fails = false;
    expect(f(tensor([1])).itemSync()).toBe(1);
    expect(tensor([2]).itemSync()).toBe(2);
  });
});

describe("reuseOutputs", () => {
  it("gives the same tensors each time, overwritten", async () => {
    const f = compile((x: Tensor) => ({ y: x.mul(2), z: x.sum() }), { reuseOutputs: true });
    const first = f(tensor([1, 2]));
    expect([await numbersOf(first.y), await first.z.item()]).toEqual([[2, 4], 3]);
    const second = f(tensor([5, 6]));
    expect(second).toBe(first);
    expect([await numbersOf(first.y), await first.z.item()]).toEqual([[10, 12], 11]);
  });

  it("without it, results of earlier calls stay", async () => {
    const f = compile((x: Tensor) => x.mul(2));
    const results = [1, 2, 3].map((value) => f(tensor([value])));
    expect(await Promise.all(results.map((x) => x.item()))).toEqual([2, 4, 6]);
  });

  it("refuses its own results as arguments, and to write where they were disposed", () => {
    const f = compile((x: Tensor) => x.flip().mul(2), { reuseOutputs: true });
    const y = f(tensor([1, 2]));
    expect(() => f(y)).toThrow(/reuseOutputs/);
    expect(f(y.add(0)).dataSync()).toEqual(Float32Array.of(4, 8));
    y.dispose();
    expect(() => f(tensor([1, 2]))).toThrow(StateError);
  });
});

it("runs plainly in debug mode, with the same numbers, and replays again afterwards", async () => {
  const w = new Variable(tensor([1, 2]));
  const [step, captures] = counted((x: Tensor) => {
    w.assign(w.mul(x));
    return w.sum();
  });
  const results = [step(tensor([2])).itemSync()];
  debug({ eager: true });
  try {
    results.push(step(tensor([2])).itemSync());
  } finally {
    debug({ eager: false });
  }
  results.push(step(tensor([2])).itemSync());
  expect(results).toEqual([6, 12, 24]);
  expect(captures()).toBe(2);
  expect(await numbersOf(w)).toEqual([8, 16]);
});
