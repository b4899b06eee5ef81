import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  gradient,
  realize,
  registerBackend,
  type Tensor,
  tensor,
  Variable,
  withBackend,
} from "@chainrule/core";
import { expect, test } from "vitest";
import { createWasm } from "../src/index.ts";
import { Random } from "./kernels.ts";

registerBackend(cpu);
for (const threads of [1, 2]) registerBackend({ ...createWasm({ threads }), name: `wasm${threads}` });

/** Ten steps of Adam on a small classifier; gives the losses and the final parameters. */
async function train(backend: string, capture: boolean): Promise<number[][]> {
  return withBackend(backend, async () => {
    const random = new Random(3);
    const some = (...shape: number[]): Tensor =>
      tensor(
        random.elements(
          "float32",
          shape.reduce((a, b) => a * b, 1),
          false,
        ),
        { shape },
      );
    const shapes = [[96, 300], [96], [10, 96], [10]];
    const parameters = shapes.map((shape) => new Variable(some(...shape).mul(0.05)));
    const zeros = (): Variable[] =>
      shapes.map(
        (shape) => new Variable(tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape })),
      );
    const [first, second] = [zeros(), zeros()];
    const step = (x: Tensor, y: Tensor): Tensor => {
      const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
      const logits = x.matmul(w1.transpose()).add(b1).relu().matmul(w2.transpose()).add(b2);
      const loss = logits
        .logSoftmax(-1)
        .mul(y)
        .sum()
        .mul(-1 / 64);
      gradient(loss, parameters).forEach((g, i) => {
        const m = first[i]!.mul(0.9).add(g.mul(0.1));
        const v = second[i]!.mul(0.999).add(g.mul(g).mul(0.001));
        parameters[i]!.assign(parameters[i]!.sub(m.mul(0.01).div(v.sqrt().add(1e-3))));
        first[i]!.assign(m);
        second[i]!.assign(v);
      });
      return loss;
    };
    const run = capture ? compile(step) : step;
    const x = some(64, 300);
    const y = tensor(
      Float32Array.from({ length: 640 }, (_, i) => (i % 10 === Math.floor(i / 10) % 10 ? 1 : 0)),
      { shape: [64, 10] },
    );
    const losses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const loss = run(x, y);
      await realize(loss, ...parameters, ...first, ...second);
      losses.push(await loss.item());
    }
    return [losses, ...(await Promise.all(parameters.map(async (p) => [...(await p.data())])))];
  });
}

test("a captured step trains as the CPU backend does, with the same bits every time and on every thread count", async () => {
  const [expected, one, again, two, plainly] = [
    await train("cpu", true),
    await train("wasm1", true),
    await train("wasm1", true),
    await train("wasm2", true),
    await train("wasm1", false),
  ];
  expect(again).toEqual(one);
  expect(two).toEqual(one);
  expect(plainly).toEqual(one);
  const worst = expected.flatMap((values, i) => values.map((value, j) => Math.abs(value - one[i]![j]!)));
  expect(one[0]!.at(-1)).toBeLessThan(one[0]![0]! / 2);
  expect(worst.reduce((a, b) => Math.max(a, b))).toBeLessThan(2e-3);
});
