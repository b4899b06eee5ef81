import { NumericError, OptionError, type Tensor } from "@chainrule/core";
import { learningRateFinder, SGD } from "@chainrule/optim";
import { expect, test } from "vitest";
import { batch, network, valuesOf, variable } from "./setup.ts";

/** ½·(x₁² + 9·x₂²): gradient descent diverges above lr = 2/9. */
const bowl = (x: Tensor): Tensor => x.square().mul(variable(1, 9)).mul(0.5).sum();

test("suggests a rate at which the loss falls, below the one where it blows up", async () => {
  const x = variable(3, 1);
  const optimizer = new SGD({ lr: 0.5 });
  const { curve, suggestion, diverged } = await learningRateFinder([x], () => bowl(x), {
    optimizer,
    from: 1e-5,
    to: 100,
    steps: 120,
  });
  expect(diverged).toBe(true);
  expect(curve[0]).toMatchObject({ lr: 1e-5, loss: 9 });
  expect(curve[0]!.smoothed).toBeCloseTo(9, 12);
  expect(curve[1]!.lr / curve[0]!.lr).toBeCloseTo(1e7 ** (1 / 119), 12);
  expect(curve.length).toBeLessThan(120);
  expect(suggestion).toBeGreaterThan(5e-3);
  expect(suggestion).toBeLessThan(2 / 9);
  expect(await x.toArray()).toEqual([3, 1]);
  expect(optimizer.lr).toBe(0.5);
});

test("takes a batch each step and an Adam of its own", async () => {
  const { parameters, loss } = network();
  const before = await valuesOf(parameters);
  const seen: number[] = [];
  const { curve } = await learningRateFinder(
    parameters,
    (i) => {
      seen.push(i);
      return loss(...batch(i));
    },
    { steps: 10, to: 1e-3 },
  );
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(curve.at(-1)!.lr).toBeCloseTo(1e-3, 12);
  expect(await valuesOf(parameters)).toEqual(before);
});

test("bad options and losses are refused, the weights as they were", async () => {
  const x = variable(-1);
  await expect(learningRateFinder([x], () => bowl(x), { from: 0 })).rejects.toThrow(OptionError);
  await expect(learningRateFinder([x], () => bowl(x), { from: 2, to: 1 })).rejects.toThrow("from 2 to 1");
  await expect(learningRateFinder([x], () => bowl(x), { steps: 2 })).rejects.toThrow("at least 3");
  await expect(learningRateFinder([x], () => x.log().sum())).rejects.toThrow(NumericError);
  expect(await x.item()).toBe(-1);
});
