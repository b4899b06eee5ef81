import { OptionError, ShapeError, StateError } from "@chainrule/core";
import { PolynomialFeatures } from "@chainrule/estimators";
import { expect, test } from "vitest";
import "./setup.ts";

test("of one feature: 1, x, …, x^D", async () => {
  const map = new PolynomialFeatures({ degree: 4 });
  const features = await map.fitTransform([[2], [-1]]);
  expect(await features.toArray()).toEqual([
    [1, 2, 4, 8, 16],
    [1, -1, 1, -1, 1],
  ]);
});

test("of two features in scikit-learn's order", async () => {
  const map = new PolynomialFeatures({ degree: 3 });
  expect(await (await map.fitTransform([[2, 3]])).toArray()).toEqual([[1, 2, 3, 4, 6, 9, 8, 12, 18, 27]]);
  expect(map.powers.slice(0, 6)).toEqual([
    [0, 0],
    [1, 0],
    [0, 1],
    [2, 0],
    [1, 1],
    [0, 2],
  ]);
});

test("interactions only, and without the constant", async () => {
  const map = new PolynomialFeatures({ degree: 3, interactionOnly: true, includeBias: false });
  expect(await (await map.fitTransform([[2, 3, 5]])).toArray()).toEqual([[2, 3, 5, 6, 10, 15, 30]]);
  const constant = new PolynomialFeatures({ degree: 0 });
  expect(await (await constant.fitTransform([[2], [3]])).toArray()).toEqual([[1], [1]]);
});

test("before fit, another number of features, a bad degree", async () => {
  const map = new PolynomialFeatures();
  expect(() => map.transform([[1]])).toThrow(StateError);
  expect(() => map.powers).toThrow("powers before fit");
  await map.fit([[1, 2]]);
  expect(() => map.transform([[1]])).toThrow(ShapeError);
  expect(() => new PolynomialFeatures({ degree: 1.5 })).toThrow(OptionError);
  expect(map.clone().getParams()).toEqual({ degree: 2, interactionOnly: false, includeBias: true });
});
