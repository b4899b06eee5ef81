import { compile, explain, StateError, tensor, type Tensor } from "@chainrule/core";
import { Adam, cosine, Scheduler, SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { batch, network, rules, valuesOf, variable } from "./setup.ts";

describe.each(rules)("%s", (_, make) => {
  test("captured steps give the bits of uncaptured ones, whatever batch sizes and rates come", async () => {
    const [plain, captured] = [network(), network()];
    const [first, second] = [make(), make()];
    const step = compile((x: Tensor, y: Tensor) => {
      const loss = captured.loss(x, y);
      second.update(captured.parameters, loss.gradient(...captured.parameters));
      return loss;
    });
    for (let i = 0; i < 12; i++) {
      first.lr = second.lr = 0.1 / (1 + i);
      const [x, y] = batch(i, i % 3 === 2 ? 2 : 5);
      const loss = plain.loss(x, y);
      await first.minimize(loss, plain.parameters);
      expect(await step(x, y).data(), `loss ${i}`).toEqual(await loss.data());
      expect(await valuesOf(captured.parameters), `weights ${i}`).toEqual(await valuesOf(plain.parameters));
    }
    expect(second.stateDict().numbers).toEqual(first.stateDict().numbers);
    const [a, b] = [first, second].map((optimizer) => Object.values(optimizer.stateDict().tensors));
    expect(await valuesOf(b!)).toEqual(await valuesOf(a!));
  });

  test("the update of a parameter is one kernel", async () => {
    const { parameters, loss } = network();
    const optimizer = make();
    await optimizer.minimize(loss(...batch(0)), parameters);
    const gradients = parameters.map((parameter) => parameter.mul(0.5));
    optimizer.update(parameters, gradients);
    const state = Object.values(optimizer.stateDict().tensors);
    const { kernels } = explain(...parameters, ...state);
    expect(kernels.map(({ kernel }) => kernel.kind)).toEqual(parameters.map(() => "map"));
    expect(kernels[0]!.kernel.outputs).toHaveLength(1 + state.length / parameters.length);
  });
});

test("each replay advances the step count once, whatever the number of parameters", async () => {
  const { parameters, loss } = network();
  const adam = new Adam();
  const step = compile((x: Tensor, y: Tensor) => {
    const value = loss(x, y);
    adam.update(parameters, value.gradient(...parameters));
    return value;
  });
  for (let i = 0; i < 5; i++) step(...batch(i));
  const { numbers } = adam.stateDict();
  expect(numbers).toEqual({ lr: 1e-3, "0.step": 5, "1.step": 5, "2.step": 5, "3.step": 5 });
});

test("captured steps follow a scheduler", async () => {
  const p = variable(0);
  const sgd = new SGD({ lr: 1 });
  const scheduler = new Scheduler(sgd, cosine(2));
  const step = compile((g: Tensor) => {
    sgd.update([p], [g]);
    return g.sum();
  });
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    step(tensor(Float64Array.of(1)));
    seen.push(await p.item());
    if (i < 2) scheduler.step();
  }
  expect(seen[0]).toBe(-1);
  expect(seen[1]).toBeCloseTo(-1.5, 12);
  expect(seen[2]).toBeCloseTo(-1.5, 12);
});

test("a captured step whose parameters went on apart is refused, not miscounted", async () => {
  const [p, q] = [variable(1), variable(1)];
  const adam = new Adam();
  const g = tensor(Float64Array.of(1));
  const step = compile((upstream: Tensor) => {
    adam.update([p, q], [upstream, upstream]);
    return upstream.sum();
  });
  step(g);
  await adam.step([q], [variable(1)]);
  expect(() => step(g)).toThrow(StateError);
});
