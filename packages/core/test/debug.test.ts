import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  debug,
  explain,
  full,
  gradient,
  NumericError,
  random,
  realize,
  registerBackend,
  type Tensor,
  tensor,
  Variable,
  where,
  zeros,
  cumsum,
  truncatedNormal,
} from "@chainrule/core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { bitsOf, held, numbersOf } from "./support.ts";

beforeAll(() => registerBackend(cpu));
afterEach(() => debug({ eager: false, nanCheck: false }));

const lineIn = (text: string): number => Number(/debug\.test\.ts:(\d+)/.exec(text)?.[1]);

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("debug({ eager: true })", () => {
  it("computes each operation as it is called, each in a plan of its own", async () => {
    const x = tensor([1, 2]);
    const lazy = x.mul(2).add(1);
    expect(explain(lazy).kernels).toHaveLength(1);
    const before = held().buffers;
    debug({ eager: true });
    const y = x.mul(2).add(1);
    // The operand, the product and the sum.
    expect(held().buffers).toBe(before + 3);
    expect(String(y)).toBe("Tensor float32[2] (cpu)");
    expect(await numbersOf(y)).toEqual([3, 5]);
    debug({ eager: false });
    expect(String(x.exp())).toBe("Tensor float32[2] (lazy exp)");
  });

  it("gives the same numbers, gradients, updates and random draws", async () => {
    const run = async (): Promise<string[]> => {
      random.seed(4);
      const x = random.normal([4, 3]);
      const w = new Variable(random.uniform([2, 3]));
      const loss = x.matmul(w.T).softmax().log().mean().neg();
      const [g] = loss.gradient(w);
      w.assign(w.sub(g!.mul(0.5)));
      await realize(loss, w);
      return Promise.all([loss, w, random.bernoulli([5]), cumsum(x, 0)].map(bitsOf));
    };
    const lazy = await run();
    debug({ eager: true });
    expect(await run()).toEqual(lazy);
  });

  it("runs captured functions plainly, so that each call computes", async () => {
    debug({ eager: true });
    let calls = 0;
    const w = new Variable(tensor([1]));
    const step = compile((x: Tensor) => {
      calls++;
      w.assign(w.add(x));
      return w.mul(10);
    });
    const results = [await step(tensor([1])).item(), await step(tensor([2])).item()];
    expect([results, calls, await w.item()]).toEqual([[20, 40], 2, 4]);
    expect(step.plans).toHaveLength(0);
  });
});

describe("debug({ nanCheck: true })", () => {
  it("names the first operation that made a NaN or an infinity, its shapes and the user's line", () => {
    debug({ nanCheck: true });
    const x = tensor([
      [1, 2],
      [0, 4],
    ]);
    const [call, here] = [() => x.sub(x).div(x.mul(0)), new Error("on this line")];
    const error = thrown(call);
    expect(error).toBeInstanceOf(NumericError);
    expect(error.message).toMatch(
      /^div\(\[2, 2\], \[2, 2\]\) made NaN of finite inputs, first at element 0 of \[2, 2\]/,
    );
    expect(lineIn(error.message)).toBe(lineIn(here.stack!));
    expect(thrown(() => tensor([0]).log()).message).toMatch(/^log\(\[1\]\) made -Infinity/);
    expect(thrown(() => tensor([1e38]).mul(10)).message).toMatch(/^mul\(\[1\], \[1\]\) made Infinity/);
    expect(thrown(() => tensor([3e38, 3e38]).sum()).message).toMatch(/^reduce\(\[2\]\) made Infinity/);
  });

  it("finds the line behind composed operations, and that of a gradient", () => {
    debug({ nanCheck: true });
    const x = tensor([0, 1]);
    for (const call of [
      () => x.rsqrt(),
      () => cumsum(x.sub(1).sqrt(), 0),
      () => x.sqrt().sum().gradient(x),
      () => gradient(cumsum(x.pow(tensor([0.5, 0.5])), 0).sum(), [x]),
    ]) {
      expect(thrown(call).message).toMatch(/; called .*debug\.test\.ts:\d+:\d+/);
    }
  });

  it("says nothing of infinities that were there before, nor of what comes of them", async () => {
    debug({ nanCheck: true });
    const given = tensor([-Infinity, 1, NaN]);
    expect(await numbersOf(given.mul(2).add(1))).toEqual([-Infinity, 3, NaN]);
    expect(await numbersOf(given.stopGradient())).toEqual([-Infinity, 1, NaN]);
    expect(await numbersOf(full([2], -Infinity).maximum(tensor([1, 2])))).toEqual([1, 2]);
    const w = new Variable(tensor([Infinity]));
    w.assign(w.neg());
    expect(await w.item()).toBe(-Infinity);
  });

  it("lets masked softmax, its logarithm and their gradients pass", async () => {
    debug({ nanCheck: true });
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const mask = tensor([
      [true, true, false],
      [true, false, false],
    ]);
    const scores = where(mask, x, -Infinity);
    const p = scores.softmax();
    expect(await numbersOf(p.slice(1))).toEqual([1, 0, 0]);
    const [g] = p.square().sum().gradient(x);
    expect((await numbersOf(g!)).every(Number.isFinite)).toBe(true);
    const losses = where(mask, scores.logSoftmax(), 0).sum();
    expect(Number.isFinite(await losses.item())).toBe(true);
    expect((await numbersOf(losses.gradient(x)[0]!)).every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(await scores.logSumExp(1).sum().item())).toBe(true);
  });

  it("lets well-behaved functions pass at their edges", async () => {
    debug({ nanCheck: true });
    const x = tensor([-50, -1, 0, 1, 50]);
    const results = [x.sigmoid(), x.softplus(), x.tanh(), x.erf(), x.logSigmoid(), x.relu(), x.round()];
    results.push(x.mul(4).sigmoid(), x.softmax(), x.variance(), x.norm(), truncatedNormal([50]));
    for (const y of results) {
      const values = await numbersOf(y);
      expect(values.every(Number.isFinite)).toBe(true);
      if (y.rank > 0 && y.size === 5)
        expect((await numbersOf(y.sum().gradient(x)[0]!)).every(Number.isFinite)).toBe(true);
    }
  });

  it("finds what a training step makes of a loss gone wrong", () => {
    const w = new Variable(tensor([[1e20, 1e20]]));
    const step = compile((x: Tensor) => {
      const loss = x.matmul(w.T).square().sum();
      w.assign(w.sub(loss.gradient(w)[0]!));
      return loss;
    });
    const x = tensor([[1, 1]]);
    expect(step(x).itemSync()).toBe(Infinity);
    w.assign(tensor([[1e20, 1e20]]));
    debug({ nanCheck: true });
    expect(() => step(x)).toThrow(NumericError);
    expect(() => step(x)).toThrow(/^mul\(\[1, 1\], \[1, 1\]\) made Infinity/);
  });
});

describe("turned off", () => {
  it("nothing is checked and nothing computed early", async () => {
    debug({ nanCheck: true });
    expect(() => tensor([0]).log()).toThrow(NumericError);
    debug({ nanCheck: false });
    const before = held();
    const y = tensor([0]).log();
    expect(held()).toEqual(before);
    expect(await y.item()).toBe(-Infinity);
  });

  it("eager stays when only the check goes, and both options are kept apart", () => {
    debug({ eager: true, nanCheck: true });
    debug({ nanCheck: false });
    expect(String(zeros([1]).exp())).toMatch(/cpu/);
    expect(tensor([0]).log().itemSync()).toBe(-Infinity);
    debug({ eager: false });
    expect(String(zeros([1]).exp())).toMatch(/lazy/);
  });

  it("an error in between leaves the checks on", () => {
    debug({ nanCheck: true });
    for (const _ of [0, 1]) expect(() => tensor([0]).log()).toThrow(NumericError);
    expect(() =>
      tensor([1])
        .add(tensor([1, 2]))
        .reshape(7),
    ).toThrow(/reshape/);
    expect(() => tensor([0]).log()).toThrow(NumericError);
  });
});
