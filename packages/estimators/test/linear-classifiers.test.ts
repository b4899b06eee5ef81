import { NumericError, OptionError, ShapeError, StateError, tensor } from "@chainrule/core";
import {
  LogisticRegression,
  OneVsRestClassifier,
  Perceptron,
  SoftmaxRegression,
} from "@chainrule/estimators";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { clouds } from "./setup.ts";

const two = clouds(
  1,
  [
    [-1, 0],
    [1, 0.5],
  ],
  60,
);
const three = clouds(
  2,
  [
    [-3, 0],
    [3, 0],
    [0, 4],
  ],
  30,
);

describe("LogisticRegression", () => {
  test("L-BFGS agrees with Newton, which is IRLS, with and without a penalty and a constant", async () => {
    for (const options of [{}, { C: Infinity }, { C: 0.05, fitIntercept: false }]) {
      const [a, b] = [
        new LogisticRegression(options),
        new LogisticRegression({ ...options, solver: "newton" }),
      ];
      await a.fit(two.x, two.y);
      await b.fit(two.x, two.y);
      await expectClose(a.coef, b.coef, { rtol: 0, atol: 1e-6 });
      await expectClose(a.intercept, b.intercept, { rtol: 0, atol: 1e-6 });
      expect([a.converged, b.converged]).toEqual([true, true]);
      expect(b.nIter).toBeLessThan(12);
    }
  });

  test("Newton takes float32 examples to float64 digits, and ends where rounding does", async () => {
    const model = new LogisticRegression({ solver: "newton", tol: 0 });
    await model.fit(tensor(two.x), tensor(two.y));
    const wide = await new LogisticRegression({ solver: "newton" }).fit(two.x, two.y);
    await expectClose(model.coef, wide.coef, { rtol: 0, atol: 1e-6 });
    expect(model.converged).toBe(true);
    expect(model.nIter).toBeLessThan(20);
  });

  test("at the solution Σ (p − t)·x + w / C is 0", async () => {
    const model = await new LogisticRegression({ C: 0.5 }).fit(two.x, two.y);
    const p = model.predictProba(two.x).slice(null, 1);
    const slope = tensor(two.x, { dtype: "float64" }).T.matmul(p.sub(tensor(two.y, { dtype: "float64" })));
    await expectClose(slope.add(model.coef.squeeze(0).mul(2)), [0, 0], { rtol: 0, atol: 1e-5 });
    await expectClose(p.sum(), [two.y.reduce((sum, t) => sum + t, 0)], { shape: [], rtol: 0, atol: 1e-5 });
  });

  test("counted by hand: a constant alone learns the log-odds", async () => {
    // Feature 0 everywhere: P(1) = 3/4, b = ln 3.
    const model = await new LogisticRegression().fit([[0], [0], [0], [0]], [1, 0, 1, 1]);
    await expectClose(model.intercept, [Math.log(3)], { rtol: 0, atol: 1e-6 });
  });

  test("labels of any numbers come back; probabilities sum to 1", async () => {
    const labels = two.y.map((label) => (label === 1 ? 7 : -2));
    const model = await new LogisticRegression().fit(two.x, labels);
    expect(model.classes).toEqual([-2, 7]);
    const predicted = await model.predict(two.x).data();
    expect(new Set(predicted)).toEqual(new Set([-2, 7]));
    const accuracy = labels.filter((label, i) => label === predicted[i]).length / labels.length;
    expect(await model.score(two.x, labels)).toBe(accuracy);
    expect(accuracy).toBeGreaterThan(0.75);
    const p = (await model.predictProba(two.x).toArray()) as number[][];
    for (const [i, [a, b]] of p.entries()) {
      expect(a! + b!).toBeCloseTo(1, 12);
      expect(b! > 0.5).toBe(predicted[i] === 7);
    }
  });

  test("classes that can be told apart without error have no finite solution without a penalty", async () => {
    const x = [[-2], [-1], [1], [2]];
    const fit = new LogisticRegression({ C: Infinity, solver: "newton" }).fit(x, [0, 0, 1, 1]);
    await expect(fit).rejects.toThrow(NumericError);
    await expect(fit).rejects.toThrow("give a penalty: { C: 1 }");
    const penalised = await new LogisticRegression().fit(x, [false, false, true, true]);
    expect(await penalised.predict(x).toArray()).toEqual([0, 0, 1, 1]);
  });
});

describe("SoftmaxRegression", () => {
  test("of two classes is logistic regression with the difference of the weights", async () => {
    // ½‖w₁‖² + ½‖w₀‖² with w₁ = −w₀ is ¼‖w₁ − w₀‖²: twice the C.
    const softmax = await new SoftmaxRegression({ C: 2 }).fit(two.x, two.y);
    const logistic = await new LogisticRegression({ C: 4 }).fit(two.x, two.y);
    await expectClose(softmax.predictProba(two.x), logistic.predictProba(two.x), { rtol: 0, atol: 1e-6 });
    expect(softmax.coef.shape).toEqual([2, 2]);
  });

  test("at the solution Σ (p − t)·xᵀ + W / C is 0, and three clouds are told apart", async () => {
    const model = await new SoftmaxRegression({ C: 1 }).fit(three.x, three.y);
    expect(await model.score(three.x, three.y)).toBeGreaterThan(0.95);
    const p = model.predictProba(three.x);
    const t = tensor(
      three.y.map((label) => [0, 1, 2].map((c) => Number(c === label))),
      { dtype: "float64" },
    );
    const slope = p
      .sub(t)
      .T.matmul(tensor(three.x, { dtype: "float64" }))
      .add(model.coef);
    await expectClose(
      slope,
      Array.from({ length: 6 }, () => 0),
      { rtol: 0, atol: 1e-4 },
    );
    expect(model.classes).toEqual([0, 1, 2]);
    expect(model.decisionFunction(three.x).shape).toEqual([90, 3]);
  });

  test("float32 tensors stay float32", async () => {
    const model = await new SoftmaxRegression().fit(tensor(three.x), tensor(three.y, { dtype: "int32" }));
    expect(model.coef.dtype).toBe("float32");
    expect(await model.score(tensor(three.x), tensor(three.y))).toBeGreaterThan(0.95);
  });
});

describe("OneVsRestClassifier", () => {
  test("makes three classes of two-class models", async () => {
    for (const base of [new LogisticRegression(), new Perceptron({ maxIter: 50 })]) {
      const model = await new OneVsRestClassifier(base).fit(three.x, three.y);
      expect(model.estimators).toHaveLength(3);
      expect(await model.score(three.x, three.y)).toBeGreaterThan(0.9);
      expect(() => base.classes).toThrow(StateError);
      expect(() => model.clone().predict(three.x)).toThrow(StateError);
    }
  });
});

describe("bad input", () => {
  const makes = [
    () => new LogisticRegression(),
    () => new LogisticRegression({ solver: "newton" }),
    () => new SoftmaxRegression(),
    () => new Perceptron(),
    () => new OneVsRestClassifier(new LogisticRegression()),
  ];

  test.each(makes.map((make) => [make().constructor.name, make] as const))("%s", async (name, make) => {
    const one = make().fit([[1], [2]], [3, 3]);
    await expect(one).rejects.toThrow(OptionError);
    await expect(one).rejects.toThrow(`${name}: all 2 labels are 3: at least two classes are needed`);
    await expect(make().fit([[1], [2]], [1])).rejects.toThrow(ShapeError);
    await expect(make().fit([[1], [Number.NaN]], [0, 1])).rejects.toThrow(NumericError);
    await expect(make().fit([[1], [2]], [0, Number.NaN])).rejects.toThrow("labels hold NaN");
    expect(() => make().predict([[1]])).toThrow(`${name}: `);
    expect(() => make().predict([[1]])).toThrow(StateError);
    const fitted = await make().fit(two.x, two.y);
    expect(() => fitted.predict([[1]])).toThrow(ShapeError);
  });

  test("two-class models say what to use for more", async () => {
    const fit = new LogisticRegression().fit(three.x, three.y);
    await expect(fit).rejects.toThrow("there are 3; use SoftmaxRegression, or new OneVsRestClassifier(");
  });

  test("parameters out of range", () => {
    expect(() => new LogisticRegression({ C: 0 })).toThrow("C must be above 0, not 0");
    // @ts-expect-error no such solver
    expect(() => new LogisticRegression({ solver: "sag" })).toThrow("solver is one of");
    expect(() => new SoftmaxRegression({ tol: -1 })).toThrow(OptionError);
    expect(() => new Perceptron({ eta0: 0 })).toThrow("eta0");
    expect(() => new Perceptron({ seed: -1 })).toThrow("seed");
  });
});
