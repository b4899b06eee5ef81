import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  concat,
  debug,
  planCache,
  realize,
  registerBackend,
  stack,
  type Tensor,
  tensor,
  withBackend,
} from "@chainrule/core";
import { randomValues } from "@chainrule/testkit";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { execute, inputShapes, type Instruction, programmes } from "./programme.ts";
import { bitsOf, narrowPlugin, planPlugin } from "./support.ts";

/*
 * Every value is rounded to its dtype after each operation, so what is fused with what cannot be seen in the results:
 * every way to run a graph gives the same bits.
 */

const planned = planPlugin("planned");

beforeAll(() => {
  registerBackend(cpu);
  registerBackend(planned);
  registerBackend(narrowPlugin("narrow"));
});

const inputsFor = (shape: readonly number[], seed: number): [Tensor, Tensor] => {
  const values = (from: number, of: readonly number[]): Tensor => {
    const count = of.reduce((a, b) => a * b, 1);
    return tensor(Float32Array.from(randomValues(from, count)), { shape: [...of] });
  };
  return [values(seed, shape), values(seed + 1, shape.slice(-1))];
};

/** What a test reads: a few values, of which some depend on others. */
const rootsOf = (values: readonly Tensor[]): Tensor[] =>
  values.filter((_, i) => i % 3 === 0 || i > values.length - 3);

const read = (roots: readonly Tensor[]): Promise<string[]> =>
  Promise.all(roots.map(async (x) => `${x.dtype}[${x.shape.join()}] ${await bitsOf(x)}`));

async function lazily(programme: readonly Instruction[], inputs: readonly Tensor[]): Promise<string[]> {
  const roots = rootsOf(execute(programme, inputs));
  await realize(...roots);
  return read(roots);
}

async function eagerly(programme: readonly Instruction[], inputs: readonly Tensor[]): Promise<string[]> {
  debug({ eager: true });
  try {
    return await read(rootsOf(execute(programme, inputs)));
  } finally {
    debug({ eager: false });
  }
}

const always = (
  numRuns: number,
  check: (programme: Instruction[], shape: number[], seed: number) => Promise<void>,
): Promise<void> => fc.assert(fc.asyncProperty(programmes, inputShapes, fc.nat(10_000), check), { numRuns });

describe("any graph gives the same bits", () => {
  it("fused as operation by operation", () =>
    always(900, async (programme, shape, seed) => {
      const inputs = inputsFor(shape, seed);
      expect(await lazily(programme, inputs)).toEqual(await eagerly(programme, inputs));
    }));

  it("captured as uncaptured, with new inputs too", () =>
    always(250, async (programme, shape, seed) => {
      const step = compile((x: Tensor, y: Tensor) => rootsOf(execute(programme, [x, y])));
      for (const round of [0, 5]) {
        const inputs = inputsFor(shape, seed + round);
        expect(await read(step(...inputs))).toEqual(await lazily(programme, inputs));
      }
    }));

  it("on a backend whose kernels write one buffer each", () =>
    always(250, async (programme, shape, seed) => {
      const expected = await lazily(programme, inputsFor(shape, seed));
      await withBackend("narrow", async () => {
        const step = compile((x: Tensor, y: Tensor) => rootsOf(execute(programme, [x, y])));
        expect(await lazily(programme, inputsFor(shape, seed))).toEqual(expected);
        expect(await read(step(...inputsFor(shape, seed)))).toEqual(expected);
        const outputs = step.plans.flatMap(({ kernels }) =>
          kernels.map(({ kernel }) => kernel.outputs.length),
        );
        expect(Math.max(1, ...outputs)).toBe(1);
      });
    }));

  it("on a backend that runs whole plans", () =>
    always(150, async (programme, shape, seed) => {
      const expected = await lazily(programme, inputsFor(shape, seed));
      await withBackend("planned", async () => {
        const step = compile((x: Tensor, y: Tensor) => rootsOf(execute(programme, [x, y])));
        const before = planned.plans;
        expect(await read(step(...inputsFor(shape, seed)))).toEqual(expected);
        expect(planned.plans).toBe(before + 1);
      });
    }));

  it("with a plan of its own as with one from the cache", () =>
    always(100, async (programme, shape, seed) => {
      planCache.clear();
      const first = await lazily(programme, inputsFor(shape, seed));
      const plans = planCache.size;
      expect(await lazily(programme, inputsFor(shape, seed))).toEqual(first);
      expect(planCache.size).toBe(plans);
    }));
});

it("a value that turns out to be stored once others have taken it in is written once", async () => {
  const joined = (): Tensor => {
    const w = tensor(Float32Array.from(randomValues(4, 16)), { shape: [4, 4] });
    const bias = tensor(Float32Array.from(randomValues(5, 4)));
    const states = [tensor(Float32Array.from(randomValues(3, 12)), { shape: [3, 4] })];
    for (let i = 0; i < 3; i++) states.push(states.at(-1)!.matmul(w).add(bias).tanh());
    // The stack takes the last state in; only flattening it, which its repeated bias forbids, shows that it is stored.
    return concat([stack(states).flatten(), states.at(-1)!.expandDims(0).flatten()]);
  };
  expect(await withBackend("narrow", () => joined().data())).toEqual(await joined().data());
});
