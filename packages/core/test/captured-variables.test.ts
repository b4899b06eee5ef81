import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  hostValue,
  IndexError,
  registerBackend,
  StateError,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { bitsOf, cpuPlugin, numbersOf } from "./support.ts";

beforeAll(() => {
  registerBackend(cpu);
  registerBackend(cpuPlugin("other"));
});

describe("variables around a captured step", () => {
  it("may be assigned between replays, lazily or not, and moved by other steps", async () => {
    const w = new Variable(tensor([1, 2]));
    const double = compile(() => w.assign(w.mul(2)));
    const increase = compile(() => w.assign(w.add(1)));
    double();
    w.assign(tensor([10, 20]));
    double();
    w.assign(w.add(0.5));
    increase();
    expect(await numbersOf(w)).toEqual([21.5, 41.5]);
  });

  it("refuse a tensor that was built from a value since overwritten, and keep one computed before", async () => {
    const w = new Variable(tensor([1, 2]), { name: "weight" });
    await w.data();
    const [lazy, computed] = [w.mul(3), w.mul(5)];
    await computed.data();
    compile(() => w.assign(w.add(1)))();
    await expect(lazy.data()).rejects.toThrow(StateError);
    expect(() => lazy.add(1).dataSync()).toThrow(/captured step updated it in place/);
    expect(await numbersOf(computed)).toEqual([5, 10]);
    expect(await numbersOf(w.mul(3))).toEqual([6, 9]);
  });

  it("never share elements with a tensor that they were given", async () => {
    const given = tensor([1, 2]).add(0);
    await given.data();
    const w = new Variable(given);
    const step = compile(() => w.assign(w.add(1)));
    step();
    w.assign(given);
    step();
    expect([await numbersOf(given), await numbersOf(w)]).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  it("never share elements with one another", async () => {
    const a = new Variable(tensor([1, 2]));
    const b = new Variable(a);
    compile(() => b.assign(b.add(1)))();
    a.assign(b);
    compile(() => b.assign(b.add(1)))();
    expect([await numbersOf(a), await numbersOf(b)]).toEqual([
      [2, 3],
      [3, 4],
    ]);
  });

  it("keep values that wait for what a step overwrites, however they depend on it", async () => {
    const w = new Variable(tensor([1, 2]));
    const step = compile((x: Tensor) => w.assign(w.add(x)));
    const copy = new Variable(w);
    const average = new Variable(w.mul(0.5));
    const indirect = new Variable(zeros([2]));
    indirect.assign(indirect.add(copy.exp()));
    const expected = await bitsOf(tensor([1, 2]).exp());
    const replaced = new Variable(w);
    replaced.assign(tensor([7, 8]));
    for (let i = 0; i < 3; i++) step(tensor([10, 10]));
    copy.assign(copy.add(w));
    step(tensor([1, 1]));
    expect(await Promise.all([w, copy, average, replaced].map(numbersOf))).toEqual([
      [32, 33],
      [32, 34],
      [0.5, 1],
      [7, 8],
    ]);
    expect(await bitsOf(indirect)).toBe(expected);
  });

  it("are read before a later step, once reading has begun", async () => {
    const w = new Variable(tensor([1, 2]));
    const step = compile(() => w.assign(w.add(1)));
    step();
    const reading = w.data();
    step();
    expect([...(await reading)]).toEqual([2, 3]);
  });

  it("may be arguments: they are then themselves, and can be assigned", async () => {
    const [a, b] = [new Variable(tensor([1, 2])), new Variable(tensor([5, 6]))];
    const step = compile((target: Variable, x: Tensor) => {
      const before = target.flip(0);
      target.assign(target.add(x));
      return [before, target.mul(1)];
    });
    for (const _ of [0, 1]) step(a, tensor([1, 1]));
    const [before, after] = step(b, tensor([10, 10]));
    expect(await Promise.all([a, b, before!, after!].map(numbersOf))).toEqual([
      [3, 4],
      [15, 16],
      [6, 5],
      [15, 16],
    ]);
  });

  it("are copied where an argument is the same elements under another name", async () => {
    const w = new Variable(tensor([1, 2, 3]));
    const step = compile((x: Tensor) => {
      w.assign(w.mul(2));
      return x.flip(0);
    });
    for (const expected of [
      [3, 2, 1],
      [6, 4, 2],
    ])
      expect(await numbersOf(step(w.mul(1)))).toEqual(expected);
  });

  it("leave tensors built from them before the capture what they were", async () => {
    const [w, pending] = [new Variable(tensor([1, 2])), new Variable(tensor([7, 8]))];
    await w.data();
    const [twice, flipped, later] = [w.mul(2), w.flip(0), pending.add(1)];
    const step = compile((x: Tensor) => {
      w.assign(w.add(twice));
      pending.assign(pending.sub(1));
      return [flipped.add(x), later.add(x)];
    });
    for (const factor of [3, 5]) {
      const results = step(tensor([0, 0]));
      expect(await Promise.all(results.map(numbersOf))).toEqual([
        [2, 1],
        [8, 9],
      ]);
      expect(await numbersOf(w)).toEqual([factor, 2 * factor]);
    }
  });

  it("that a step creates are created once, when it is captured", async () => {
    let total: Variable | undefined;
    const step = compile((x: Tensor) => {
      total ??= new Variable(zeros([2]));
      total.assign(total.add(x));
    });
    for (let i = 0; i < 3; i++) step(tensor([1, 2]));
    expect(await numbersOf(total!)).toEqual([3, 6]);
  });

  it("take the step with them to another backend, also where there are no arguments", async () => {
    const [w, m] = [new Variable(tensor([1, 2])), new Variable(zeros([2]))];
    const step = compile(() => {
      m.assign(m.add(w));
      w.assign(w.mul(2));
    });
    step();
    await w.moveTo("other");
    await m.moveTo("other");
    step();
    step();
    expect([w.backend, m.backend]).toEqual(["other", "other"]);
    expect([await numbersOf(w), await numbersOf(m)]).toEqual([
      [8, 16],
      [7, 14],
    ]);
  });
});

describe("a step that fails", () => {
  it("leaves variables as they were when an index is refused, wherever that happens in the step", async () => {
    const table = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const bodies: ((i: Tensor, a: Variable, b: Variable) => Tensor | void)[] = [
      (i, a) => a.assign(a.add(table.take(i))),
      (i, a, b) => (b.assign(b.mul(2)), a.assign(table.take(i))),
      (i, a, b) => (b.assign(b.add(1)), a.add(1).take(i)),
      (i, a, b) => (b.assign(b.add(1)), b.take(i)),
      (i, a, b) => (b.assign(table.slice([0, 2]).exp()), b.take(i)),
      (i, a, b) => (a.assign(a.add(1)), b.assign(b.scatterAdd(i.reshape(2, 1), a, 0))),
    ];
    for (const body of bodies) {
      const [a, b] = [
        new Variable(
          tensor([
            [1, 1],
            [2, 2],
          ]),
        ),
        new Variable(
          tensor([
            [3, 3],
            [4, 4],
          ]),
        ),
      ];
      const step = compile((i: Tensor) => body(i, a, b));
      const indices = (...values: number[]): Tensor => tensor(Int32Array.from(values));
      step(indices(0, 1));
      const before = [await bitsOf(a), await bitsOf(b)];
      for (let i = 0; i < 3; i++) expect(() => step(indices(0, 3))).toThrow(IndexError);
      expect([await bitsOf(a), await bitsOf(b)]).toEqual(before);
      expect(() => step(indices(1, 0))).not.toThrow();
    }
  });

  it("changes nothing when the function throws while it is captured, and can be called again", async () => {
    const w = new Variable(tensor([1, 2]));
    let fails = true;
    const step = compile(() => {
      w.assign(w.add(1));
      if (fails) throw new Error("not yet");
    });
    expect(() => step()).toThrow("not yet");
    expect(await numbersOf(w)).toEqual([1, 2]);
    fails = false;
    step();
    expect(await numbersOf(w)).toEqual([2, 3]);
  });

  it("changes nothing when a host value throws", async () => {
    const w = new Variable(tensor([1, 2]));
    let rate: number | null = 2;
    const step = compile(() =>
      w.assign(
        w.mul(
          hostValue(() => {
            if (rate === null) throw new Error("no rate");
            return rate;
          }),
        ),
      ),
    );
    step();
    rate = null;
    expect(() => step()).toThrow("no rate");
    rate = 3;
    step();
    expect(await numbersOf(w)).toEqual([6, 12]);
  });
});
