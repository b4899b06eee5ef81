import { OptionError } from "@chainrule/core";
import { novikoffBound, Perceptron } from "@chainrule/estimators";
import { expect, test } from "vitest";
import { clouds } from "./setup.ts";

test("by hand: two examples, in order", async () => {
  // (1, 0) is t = 1, (0, 1) is t = −1. Mistakes: w = (1, 0), b = 1; then (0, 1) at 1: w = (1, −1), b = 0; then none.
  const model = new Perceptron({ shuffle: false });
  await model.fit(
    [
      [1, 0],
      [0, 1],
    ],
    [1, 0],
  );
  expect(await model.coef.toArray()).toEqual([[1, -1]]);
  expect(await model.intercept.toArray()).toEqual([0]);
  expect(model.mistakesPerPass).toEqual([2, 0]);
  expect([model.mistakes, model.nIter, model.converged]).toEqual([2, 2, true]);
});

test("the bound by hand", async () => {
  // (x, 1): lengths √10 and √5; separator (1, 0), b = 0: margins 3 and 2.
  const bound = await novikoffBound(
    [
      [3, 0],
      [-2, 0],
    ],
    [1, 0],
    { weights: [1, 0] },
  );
  expect(bound).toBeCloseTo(10 / 4, 12);
  const through = await novikoffBound(
    [
      [3, 0],
      [-2, 0],
    ],
    [1, 0],
    { weights: [5, 0] },
    { fitIntercept: false },
  );
  expect(through).toBeCloseTo(9 / 4, 12);
  const beside = novikoffBound(
    [
      [3, 0],
      [-2, 0],
    ],
    [0, 1],
    { weights: [1, 0] },
  );
  await expect(beside).rejects.toThrow(OptionError);
  await expect(beside).rejects.toThrow("does not separate the classes");
});

test("stays within Novikoff's bound on separable clouds, for every order of the examples", async () => {
  const { x, y } = clouds(
    3,
    [
      [-2, -2],
      [2, 2],
    ],
    40,
    0.5,
  );
  const bound = await novikoffBound(x, y, { weights: [1, 1] });
  for (let seed = 0; seed < 10; seed++) {
    const model = await new Perceptron({ seed }).fit(x, y);
    expect(model.converged).toBe(true);
    expect(model.mistakes).toBeLessThanOrEqual(bound);
    expect(await model.score(x, y)).toBe(1);
  }
});

test("XOR stays unsolved, and a seed gives the same weights again", async () => {
  const [x, y] = [
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    [0, 1, 1, 0],
  ];
  const model = await new Perceptron({ maxIter: 200, seed: 4 }).fit(x, y);
  expect([model.converged, model.nIter]).toEqual([false, 200]);
  expect(await model.score(x, y)).toBeLessThan(1);
  const again = await model.clone().fit(x, y);
  expect(await again.coef.toArray()).toEqual(await model.coef.toArray());
  expect(again.mistakesPerPass).toEqual(model.mistakesPerPass);
  expect(() => model.clone().mistakes).toThrow("mistakes before fit");
});
