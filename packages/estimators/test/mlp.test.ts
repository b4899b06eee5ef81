import { NumericError, OptionError, ShapeError, StateError, tensor } from "@chainrule/core";
import { LinearRegression, MLPClassifier, MLPRegressor, SoftmaxRegression } from "@chainrule/estimators";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { clouds, rows } from "./setup.ts";

const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [0, 1, 1, 0],
};
const three = clouds(
  2,
  [
    [-3, 0],
    [3, 0],
    [0, 4],
  ],
  30,
);

describe("MLPClassifier", () => {
  test.each(["adam", "sgd", "lbfgs"] as const)("learns XOR by %s", async (solver) => {
    const model = new MLPClassifier({
      hiddenLayerSizes: [8],
      activation: "tanh",
      solver,
      learningRateInit: solver === "sgd" ? 0.3 : 0.05,
      maxIter: 400,
      nIterNoChange: 400,
      alpha: 1e-6,
      seed: 3,
    });
    await model.fit(xor.x, xor.y);
    expect(await model.score(xor.x, xor.y)).toBe(1);
    const p = (await model.predictProba(xor.x).toArray()) as number[][];
    for (const [i, row] of p.entries()) {
      expect(row[0]! + row[1]!).toBeCloseTo(1, 5);
      expect(row[xor.y[i]!]).toBeGreaterThan(0.7);
    }
    expect(model.lossCurve.at(-1)).toBeLessThan(0.3);
    expect(model.nIter).toBeGreaterThan(0);
  });

  test("a seed gives the same weights bit for bit, another seed others", async () => {
    const fit = async (seed: number): Promise<ArrayLike<number>[]> => {
      const model = new MLPClassifier({ hiddenLayerSizes: [5], batchSize: 32, maxIter: 3, seed });
      await model.fit(three.x, three.y);
      return Promise.all(model.module.parameters().map((parameter) => parameter.data()));
    };
    const [a, b, c] = [await fit(1), await fit(1), await fit(2)];
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
    expect(a.map(({ length }) => length)).toEqual([10, 5, 15, 3]);
  });

  test("with no hidden layer and L-BFGS it is softmax regression", async () => {
    const n = three.x.length;
    const net = new MLPClassifier({
      hiddenLayerSizes: [],
      solver: "lbfgs",
      alpha: 0.5,
      tol: 1e-6,
      maxIter: 500,
    });
    await net.fit(tensor(three.x, { dtype: "float64" }), three.y);
    // ½·α·‖W‖² / n beside the mean loss is C = 1/α beside the sum.
    const softmax = await new SoftmaxRegression({ C: 2 }).fit(three.x, three.y);
    expect(n).toBe(90);
    await expectClose(
      net.predictProba(tensor(three.x, { dtype: "float64" })),
      softmax.predictProba(three.x),
      {
        rtol: 0,
        atol: 1e-4,
      },
    );
  });

  test("early stopping holds examples out and keeps the best weights", async () => {
    const noisy = clouds(
      5,
      [
        [-1, 0],
        [1, 0],
      ],
      60,
    );
    const model = new MLPClassifier({
      hiddenLayerSizes: [20],
      learningRateInit: 0.02,
      earlyStopping: true,
      validationFraction: 0.25,
      nIterNoChange: 5,
      maxIter: 100,
    });
    await model.fit(noisy.x, noisy.y);
    expect(model.converged).toBe(true);
    expect(model.validationScores).toHaveLength(model.nIter);
    expect(Math.max(...model.validationScores)).toBeGreaterThan(0.7);
    // Cut short at its best pass, the same run has the weights that were kept.
    const best = model.validationScores.indexOf(Math.max(...model.validationScores)) + 1;
    const short = new MLPClassifier({ ...model.getParams(), maxIter: best });
    await short.fit(noisy.x, noisy.y);
    expect(await model.predictProba(noisy.x).data()).toEqual(await short.predictProba(noisy.x).data());
  });

  test("stops where nothing improves any more", async () => {
    const model = new MLPClassifier({
      hiddenLayerSizes: [],
      learningRateInit: 1e-9,
      nIterNoChange: 4,
      maxIter: 50,
    });
    await model.fit(three.x, three.y);
    expect([model.converged, model.nIter]).toEqual([true, 6]);
    expect(model.lossCurve).toHaveLength(6);
  });
});

describe("MLPRegressor", () => {
  test("learns a sine that a line cannot", async () => {
    const x = Array.from({ length: 80 }, (_, i) => [(i / 79) * 6 - 3]);
    const y = x.map(([value]) => Math.sin(value!));
    const options = { hiddenLayerSizes: [16], activation: "tanh", solver: "lbfgs", alpha: 1e-6 } as const;
    const model = await new MLPRegressor({ ...options, maxIter: 150 }).fit(x, y);
    expect(await model.score(x, y)).toBeGreaterThan(0.999);
    expect(await (await new LinearRegression().fit(x, y)).score(x, y)).toBeLessThan(0.7);
    expect(model.predict(x).shape).toEqual([80]);
  });

  test("with no hidden layer it is linear regression, of several outputs, in batches", async () => {
    const x = rows(7, 64, 2);
    const y = x.map(([a, b]) => [a! - b! + 1, 2 * a!]);
    const model = new MLPRegressor({
      hiddenLayerSizes: [],
      alpha: 0,
      learningRateInit: 0.05,
      batchSize: 16,
      maxIter: 120,
      nIterNoChange: 120,
      earlyStopping: true,
    });
    await model.fit(x, y);
    expect(await model.score(x, y)).toBeGreaterThan(0.9999);
    expect(model.validationScores.at(-1)).toBeGreaterThan(0.99);
    const [weight, bias] = model.module.parameters();
    await expectClose(weight!, [1, -1, 2, 0], { rtol: 0, atol: 0.05 });
    await expectClose(bias!, [1, 0], { rtol: 0, atol: 0.05 });
  });

  test("a loss that diverges is told", async () => {
    const x = rows(8, 20, 2).map((row) => row.map((value) => 1e6 * value));
    const y = x.map(([a]) => a! * 1e6);
    const fit = new MLPRegressor({ hiddenLayerSizes: [4], solver: "sgd", learningRateInit: 1 }).fit(x, y);
    await expect(fit).rejects.toThrow(NumericError);
    await expect(fit).rejects.toThrow("give a learningRateInit below 1");
  });
});

test("bad input", async () => {
  for (const make of [() => new MLPClassifier({ maxIter: 1 }), () => new MLPRegressor({ maxIter: 1 })]) {
    const name = make().constructor.name;
    expect(() => make().predict([[1]])).toThrow(StateError);
    expect(() => make().module).toThrow(`${name}: module before fit`);
    await expect(make().fit([[1], [2]], [1])).rejects.toThrow(ShapeError);
    await expect(make().fit([[Infinity], [2]], [0, 1])).rejects.toThrow("examples hold NaN or infinities");
    const model = await make().fit(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 1],
    );
    expect(() => model.predict([[1]])).toThrow("it was fitted to 2 features");
    expect(model.clone().getParams()).toEqual(model.getParams());
  }
  await expect(new MLPClassifier().fit([[1], [2]], [1, 1])).rejects.toThrow("at least two classes");
  expect(() => new MLPClassifier({ hiddenLayerSizes: [0] })).toThrow(OptionError);
  // @ts-expect-error no such activation
  expect(() => new MLPClassifier({ activation: "gelu" })).toThrow('"relu", "tanh", "logistic", "identity"');
  expect(() => new MLPRegressor({ validationFraction: 1 })).toThrow("1 − validationFraction must be above 0");
  expect(() => new MLPRegressor({ batchSize: 0 })).toThrow("batchSize");
});
