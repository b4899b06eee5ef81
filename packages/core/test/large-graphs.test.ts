import { cpu } from "@chainrule/backend-cpu";
import { concat, explain, type Plan, registerBackend, stack, Tensor } from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { stored } from "./support.ts";

beforeAll(() => registerBackend(cpu));

function planOf(roots: Tensor | readonly Tensor[]): Plan {
  return explain(...(roots instanceof Tensor ? [roots] : roots));
}

/** Microseconds of this thread's own work, which other programs on the machine do not stretch. */
function workOf(make: () => Tensor | readonly Tensor[]): number {
  const { user, system } = process.threadCpuUsage();
  planOf(make());
  const after = process.threadCpuUsage();
  return after.user + after.system - user - system;
}

/** The clock of a thread's own work ticks this often, at the worst. */
const tick = 10_000;

/**
 * How often more work a graph of four times the size is to build and plan: about 4 where it grows with the size, 16
 * where it grows with its square. Both sizes are run in turn until they are long enough to be measured.
 */
function growth(small: number, make: (size: number) => Tensor | readonly Tensor[]): number {
  // Functions are interpreted before they are compiled, and graphs are kept until garbage is collected.
  for (let i = 0; i < 3; i++) workOf(() => make(4 * small));
  let [least, most] = [0, 0];
  while (least < 5 * tick) {
    for (let i = 0; i < 4; i++) least += workOf(() => make(small)) / 4;
    most += workOf(() => make(4 * small));
  }
  return most / least;
}

const linear = 9;

function repeated(times: number, x: Tensor, next: (x: Tensor) => Tensor): Tensor {
  let y = x;
  for (let i = 0; i < times; i++) y = next(y);
  return y;
}

describe("large graphs are planned in time that grows with their size, and do not overflow the stack", () => {
  it("chained operations: several kernels, since one would be too large to compile", () => {
    const x = stored(4);
    const chain = (times: number): Tensor => repeated(times, x, (y) => y.add(0.5).mul(0.99));
    const { kernels } = planOf(chain(2500));
    expect(new Set(kernels.map(({ kernel }) => kernel.kind))).toEqual(new Set(["map"]));
    expect(kernels.length).toBeLessThan(40);
    expect(growth(400, chain)).toBeLessThan(linear);
  });

  it("layers with their gradients", () => {
    const gradients = (layers: number): readonly Tensor[] => {
      const weights = Array.from({ length: layers }, () => stored(4, 4));
      return weights
        .reduce((x, w) => x.matmul(w).relu(), stored(2, 4))
        .sum()
        .gradient(...weights);
    };
    const { outputs, slots } = planOf(gradients(300));
    expect(outputs).toHaveLength(300);
    // What the forward pass leaves for the backward one, and little more.
    expect(slots.length).toBeLessThan(305);
    expect(growth(75, gradients)).toBeLessThan(linear);
  });

  it("a recurrent net, whose gradient is a sum over all its steps", () => {
    const [x, w] = [stored(2, 2), stored(2, 2)];
    const unrolled = (steps: number): readonly Tensor[] =>
      repeated(steps, x, (y) => y.matmul(w).tanh())
        .sum()
        .gradient(w);
    expect(growth(400, unrolled)).toBeLessThan(linear);
  });

  it("a residual chain", () => {
    const [x, w] = [stored(2, 2), stored(2, 2)];
    const chain = (times: number): Tensor => repeated(times, x, (y) => y.add(y.matmul(w).relu().matmul(w)));
    expect(growth(300, chain)).toBeLessThan(linear);
  });

  it("many tensors joined", () => {
    const joined = (count: number): Tensor => concat(Array.from({ length: count }, () => stored(3, 2)));
    expect(planOf(joined(200)).kernels.length).toBeLessThanOrEqual(2);
    expect(growth(50, joined)).toBeLessThan(linear);
  });

  it("a recurrence and its gradient: steps that slice and are joined, and a weight that all of them use", () => {
    const w = stored(4, 8);
    const recurrence = (steps: number): readonly Tensor[] => {
      const x = stored(steps, 2, 8);
      const states = [x.slice(0, null, [0, 4])];
      for (let t = 1; t < steps; t++) {
        const [p, q] = x.slice(t).add(states.at(-1)!.matmul(w)).split(4, 1) as [Tensor, Tensor];
        states.push(p.sigmoid().mul(q.tanh()));
      }
      return stack(states).square().sum().gradient(x, w);
    };
    // A product and what is made of it forwards, and a product with that backwards.
    expect(planOf(recurrence(60)).kernels.length - planOf(recurrence(20)).kernels.length).toBe(3 * 40);
    expect(growth(40, recurrence)).toBeLessThan(linear);
  });

  it("a hundred squarings, which as a tree would be 2¹⁰⁰ operations", () => {
    const { kernels } = planOf(repeated(100, stored(4), (x) => x.mul(x)));
    expect(kernels.map(({ kernel }) => kernel.kind)).toEqual(["map"]);
    const [product] = kernels[0]!.kernel.outputs;
    const seen = new Set<unknown>();
    for (let at: unknown = product; typeof at === "object" && at !== null && "op" in at;) {
      seen.add(at);
      at = "x" in at ? at.x : null;
    }
    expect(seen.size).toBe(100);
  });

  it("the gradient of a deep chain, to the second order", () => {
    const x = stored(3);
    const second = (depth: number): readonly Tensor[] => {
      const [first] = repeated(depth, x, (y) => y.mul(1.01).sin())
        .sum()
        .gradient(x);
      return first!.sum().gradient(x);
    };
    expect(growth(75, second)).toBeLessThan(linear);
  });
});
