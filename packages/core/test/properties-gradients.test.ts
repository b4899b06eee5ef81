import { cpu } from "@chainrule/backend-cpu";
import { cumsum, concat, registerBackend, stack, type Tensor, tensor } from "@chainrule/core";
import { gradCheck, randomValues } from "@chainrule/testkit";
import * as fc from "fast-check";
import { it } from "vitest";

registerBackend(cpu);

/** Smooth operations from two 3×3 matrices to one, none of which lets values grow. */
const operations: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor>> = {
  add: (x, y) => x.add(y).mul(0.5),
  mul: (x, y) => x.mul(y).tanh(),
  div: (x, y) => x.div(y.square().add(1)),
  matmul: (x, y) => x.matmul(y.T).mul(0.3),
  product: (x, y) => x.tanh().matmul(y).tanh(),
  softmax: (x) => x.softmax(0).add(x.logSoftmax().mul(0.1)),
  centre: (x) => x.sub(x.mean(1, { keepDims: true })),
  scale: (x, y) => x.mul(y.variance(0).add(1).rsqrt()),
  row: (x, y) => x.slice(1).add(y.slice(null, 2).expandDims(1)).sin(),
  shift: (x) =>
    x.slice([0, 2]).pad([
      [1, 0],
      [0, 0],
    ]),
  turn: (x) => x.T.flip(0),
  weave: (x, y) => concat([x.slice([null, null, 2]), y.slice(1).expandDims(0)], 0),
  braid: (x, y) => stack(x.unstack(1).map((column, i) => column.mul(y.slice(i)).sin())),
  recur: (x, y) => {
    const [a, b, c] = x.split(1) as [Tensor, Tensor, Tensor];
    const next = (h: Tensor, row: Tensor): Tensor => h.matmul(y).add(row).add(y.slice(0)).tanh();
    return concat([a, next(a, b), next(next(a, b), c)]);
  },
  pick: (x, y) => x.take(tensor(Int32Array.of(2, 0, 2)), 0).mul(y),
  total: (x, y) => x.logSumExp(1, { keepDims: true }).mul(y).mul(0.2),
  running: (x) => cumsum(x, 1).mul(0.4),
  odd: (x, y) => x.erf().sub(y.sigmoid()).add(x.softplus().log1p()),
};

const names = Object.keys(operations);
const programme = fc.array(fc.record({ op: fc.constantFrom(...names), a: fc.nat(5), b: fc.nat(5) }), {
  minLength: 1,
  maxLength: 8,
});

it(
  "gradients of any programme, to the second order, agree with central differences",
  () =>
    fc.assert(
      fc.asyncProperty(programme, fc.nat(1000), async (instructions, seed) => {
        const inputs = [0, 1].map((i) =>
          tensor(Float64Array.from(randomValues(seed + i, 9)), { shape: [3, 3] }),
        );
        const run = (...xs: Tensor[]): Tensor => {
          const values = [...xs];
          for (const { op, a, b } of instructions) {
            const [x, y] = [values.at(-1 - (a % values.length))!, values.at(-1 - (b % values.length))!];
            values.push(operations[op]!(x, y));
          }
          return values.at(-1)!;
        };
        await gradCheck(run, inputs, { order: 2, rtol: 1e-4, atol: 1e-6 });
      }),
      { numRuns: 40 },
    ),
  30_000,
);
