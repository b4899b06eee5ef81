import { cpu } from "@chainrule/backend-cpu";
import { compile, realize, registerBackend, type Tensor, tensor, Variable } from "@chainrule/core";
import { randomValues } from "@chainrule/testkit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

registerBackend(cpu);

const count = 3;

/** One assignment: variable `target` becomes `op` of variables `a` and `b`, read as they then are. */
interface Update {
  readonly op: (typeof operations)[number];
  readonly target: number;
  readonly a: number;
  readonly b: number;
  /** Whether the value is also returned from the step. */
  readonly kept: boolean;
}

const operations = [
  "copy",
  "add",
  "scale",
  "transpose",
  "flip",
  "shift",
  "matmul",
  "centre",
  "row",
  "mixed",
] as const;

const updates = fc.array(
  fc.record({
    op: fc.constantFrom(...operations),
    target: fc.nat(count - 1),
    a: fc.nat(count - 1),
    b: fc.nat(count - 1),
    kept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

function apply(op: Update["op"], x: Tensor, y: Tensor): Tensor {
  switch (op) {
    case "copy":
      return x;
    case "add":
      return x.add(y).mul(0.5);
    case "scale":
      return x.mul(0.5).add(1);
    case "transpose":
      return x.transpose();
    case "flip":
      return x.flip(0);
    case "shift":
      return x.slice([0, 2]).pad([
        [1, 0],
        [0, 0],
      ]);
    case "matmul":
      return x.matmul(y).tanh();
    case "centre":
      return x.sub(x.mean(1, { keepDims: true }));
    case "row":
      return x.slice(1).broadcastTo([3, 3]).add(0);
    case "mixed":
      return x.transpose().mul(y).sub(x.flip(1)).tanh();
  }
}

/** Makes the updates on cells that can be read and written; returns the values that are kept. */
function run(
  list: readonly Update[],
  cells: { get(i: number): Tensor; set(i: number, x: Tensor): void },
): Tensor[] {
  const kept: Tensor[] = [];
  for (const { op, target, a, b, kept: keep } of list) {
    const value = apply(op, cells.get(a), cells.get(b));
    // A copy is the variable itself, which lives on.
    if (keep && op !== "copy") kept.push(value);
    cells.set(target, value);
  }
  return kept;
}

const initial = (seed: number): Tensor[] =>
  Array.from({ length: count }, (_, i) =>
    tensor(Float32Array.from(randomValues(seed + i, 9)), { shape: [3, 3] }),
  );

const bits = async (tensors: readonly Tensor[]): Promise<string[]> =>
  Promise.all(
    tensors.map(async (x) => [...(await x.data())].map((v) => (Object.is(v, -0) ? "-0" : v)).join()),
  );

const rounds = 3;

/** The meaning of the updates: plain values that replace each other, each realised as it is made. */
async function plainly(list: readonly Update[], seed: number): Promise<string[][]> {
  const values = initial(seed);
  const seen: string[][] = [];
  for (let round = 0; round < rounds; round++) {
    const kept = run(list, {
      get: (i) => values[i]!,
      set: (i, x) => {
        values[i] = x;
      },
    });
    await realize(...kept, ...values);
    seen.push(await bits([...kept, ...values]));
  }
  return seen;
}

const cellsOf = (variables: readonly Variable[]): Parameters<typeof run>[1] => ({
  get: (i) => variables[i]!,
  set: (i, x) => variables[i]!.assign(x),
});

describe("any programme of updates in place", () => {
  it("means the same with variables, realised or not between steps", () =>
    fc.assert(
      fc.asyncProperty(updates, fc.nat(1000), fc.boolean(), async (list, seed, realised) => {
        const variables = initial(seed).map((x) => new Variable(x));
        const seen: string[][] = [];
        for (let round = 0; round < rounds; round++) {
          const kept = run(list, cellsOf(variables));
          if (realised) await realize(...variables);
          seen.push(await bits([...kept, ...variables]));
        }
        expect(seen).toEqual(await plainly(list, seed));
      }),
      { numRuns: 200 },
    ));

  it("means the same captured, and what a step returned stays", () =>
    fc.assert(
      fc.asyncProperty(updates, fc.nat(1000), async (list, seed) => {
        const variables = initial(seed).map((x) => new Variable(x));
        const step = compile(() => run(list, cellsOf(variables)));
        const returned: Tensor[][] = [];
        const seen: string[][] = [];
        for (let round = 0; round < rounds; round++) {
          const kept = step();
          returned.push(kept);
          seen.push(await bits([...kept, ...variables]));
        }
        expect(seen).toEqual(await plainly(list, seed));
        for (const [round, kept] of returned.entries()) {
          expect(await bits(kept)).toEqual(seen[round]!.slice(0, kept.length));
        }
      }),
      { numRuns: 200 },
    ));
});
