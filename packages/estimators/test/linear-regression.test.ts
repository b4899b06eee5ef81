import { NumericError, OptionError, ShapeError, StateError, tensor } from "@chainrule/core";
import { LinearRegression } from "@chainrule/estimators";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { gauss, rows } from "./setup.ts";

const tight = { rtol: 0, atol: 1e-10 };

describe("direct", () => {
  test("the line through three points, by hand", async () => {
    const model = await new LinearRegression().fit([[0], [1], [2]], [1, 2, 2]);
    await expectClose(model.coef, [0.5], tight);
    await expectClose(model.intercept, [7 / 6], { ...tight, shape: [] });
    await expectClose(model.predict([[4]]), [7 / 6 + 2], tight);
    // Residuals −1/6, 1/3, −1/6; deviations of y from 5/3: −2/3, 1/3, 1/3.
    expect(await model.score([[0], [1], [2]], [1, 2, 2])).toBeCloseTo(1 - 1 / 6 / (2 / 3), 12);
    expect([model.nIter, model.converged]).toEqual([0, true]);
  });

  test("ridge by hand, which leaves the intercept alone", async () => {
    // Centred x = ∓1, y = ∓2: w = 4 / (2 + α).
    const model = await new LinearRegression({ alpha: 2 }).fit([[4], [6]], [10, 14]);
    await expectClose(model.coef, [1], tight);
    await expectClose(model.predict([[5]]), [12], tight);
  });

  test("without an intercept, and with several outputs", async () => {
    const x = rows(1, 20, 2);
    const y = x.map(([a, b]) => [2 * a! - b!, a! + 3 * b!]);
    const model = await new LinearRegression({ fitIntercept: false }).fit(x, y);
    await expectClose(model.coef, [2, -1, 1, 3], tight);
    await expectClose(model.intercept, [0, 0], tight);
    expect(model.predict(x).shape).toEqual([20, 2]);
    expect(await model.score(x, y)).toBeCloseTo(1, 12);
  });

  test("takes float32 tensors and computes in float64", async () => {
    const x = tensor([[1000.5], [1001], [1002.25]]);
    const model = await new LinearRegression().fit(x, tensor([1, 2, 4.5]));
    expect(model.coef.dtype).toBe("float64");
    await expectClose(model.coef, [2], tight);
  });
});

describe("iterative", () => {
  test("gradient descent agrees with the direct solution to 1e-6, with ridge too", async () => {
    const x = rows(2, 60, 4);
    const noise = gauss(3);
    const y = x.map((row) => row.reduce((sum, value, i) => sum + (i + 1) * value, 5) + 0.3 * noise());
    for (const alpha of [0, 7]) {
      const direct = await new LinearRegression({ alpha }).fit(x, y);
      const iterative = await new LinearRegression({ alpha, solver: "gradientDescent" }).fit(x, y);
      await expectClose(iterative.coef, direct.coef, { rtol: 0, atol: 1e-8 });
      await expectClose(iterative.intercept, direct.intercept, { rtol: 0, atol: 1e-8 });
      expect(iterative.converged).toBe(true);
      expect(iterative.nIter).toBeGreaterThan(1);
    }
  });

  test("finds its rate where the largest curvature lies across the features", async () => {
    const x = Array.from({ length: 10 }, (_, i) => [i - 4.5, 4.5 - i + 0.1 * (i % 3)]);
    const y = x.map(([a, b]) => a! - 2 * b!);
    const model = await new LinearRegression({ solver: "gradientDescent", maxIter: 200 }).fit(x, y);
    expect(await model.score(x, y)).toBeGreaterThan(0.99);
  });

  test("a rate that is too large is told, and too few steps show", async () => {
    const [x, y] = [rows(4, 10, 2), Array.from({ length: 10 }, (_, i) => i)];
    const wild = new LinearRegression({ solver: "gradientDescent", learningRate: 50 }).fit(x, y);
    await expect(wild).rejects.toThrow(NumericError);
    await expect(wild).rejects.toThrow("diverges at the rate 50");
    const short = await new LinearRegression({ solver: "gradientDescent", maxIter: 3 }).fit(x, y);
    expect([short.converged, short.nIter]).toEqual([false, 3]);
  });
});

describe("bad input", () => {
  const x = rows(5, 6, 2);
  const y = [1, 2, 3, 4, 5, 6];

  test("dependent features: says so and offers ridge, which then works", async () => {
    const doubled = x.map(([a, b]) => [a!, b!, 2 * a!]);
    const fit = new LinearRegression().fit(doubled, y);
    await expect(fit).rejects.toThrow(NumericError);
    await expect(fit).rejects.toThrow("use ridge: new LinearRegression({ alpha: 1e-6 })");
    await expect(fit).rejects.toThrow("column 2 of 3 depends on those before it");
    const ridge = await new LinearRegression({ alpha: 1e-6 }).fit(doubled, y);
    expect(ridge.coef.shape).toEqual([3]);
    const constant = new LinearRegression().fit(
      x.map(([a]) => [a!, 1]),
      y,
    );
    await expect(constant).rejects.toThrow("the features and the constant depend on each other");
    await expect(new LinearRegression().fit([[1, 2, 3]], [1])).rejects.toThrow(NumericError);
  });

  test("before fit, and the wrong number of features, rows or axes", async () => {
    const model = new LinearRegression();
    expect(() => model.predict(x)).toThrow(StateError);
    expect(() => model.predict(x)).toThrow(
      "LinearRegression: predict before fit; call await fit(x, y) first",
    );
    expect(() => model.coef).toThrow("coef before fit");
    await expect(model.score(x, y)).rejects.toThrow(StateError);
    await model.fit(x, y);
    expect(() => model.predict([[1, 2, 3]])).toThrow(ShapeError);
    expect(() => model.predict([[1, 2, 3]])).toThrow(
      "it was fitted to 2 features, and these examples have 3",
    );
    await expect(model.fit(x, [1, 2])).rejects.toThrow("6 examples need targets [6], not [2]");
    await expect(model.fit(tensor([1, 2, 3]), [1, 2, 3])).rejects.toThrow("x.expandDims(1)");
    await expect(model.fit([[Number.NaN, 1]], [1])).rejects.toThrow("examples hold NaN or infinities");
    await expect(model.fit([[0, 1]], [Infinity])).rejects.toThrow("targets hold NaN or infinities");
    await expect(model.score(x, [1])).rejects.toThrow(ShapeError);
  });

  test("parameters out of range; getParams and clone", async () => {
    expect(() => new LinearRegression({ alpha: -1 })).toThrow(OptionError);
    // @ts-expect-error no such solver
    expect(() => new LinearRegression({ solver: "svd" })).toThrow('solver is one of "qr", "gradientDescent"');
    expect(() => new LinearRegression({ maxIter: 0 })).toThrow("maxIter");
    expect(() => new LinearRegression({ learningRate: 0 })).toThrow("learningRate must be above 0");
    const model = await new LinearRegression({ alpha: 3 }).fit(x, y);
    const twin = model.clone();
    expect(twin).toBeInstanceOf(LinearRegression);
    expect(twin.getParams()).toEqual(model.getParams());
    expect(twin.getParams().alpha).toBe(3);
    expect(() => twin.predict(x)).toThrow(StateError);
  });
});
