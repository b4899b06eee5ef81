import { Generator, OptionError, ShapeError, StateError, tensor } from "@chainrule/core";
import {
  crossValScore,
  GridSearch,
  KFold,
  LinearRegression,
  LogisticRegression,
  Pipeline,
  PolynomialFeatures,
  RandomSearch,
  sampleLogUniform,
  sampleUniform,
  StratifiedKFold,
} from "@chainrule/estimators";
import { describe, expect, test } from "vitest";
import { clouds, gauss } from "./setup.ts";

const noise = gauss(9);
const cubic = {
  x: Array.from({ length: 60 }, (_, i) => [(i / 59) * 4 - 2]),
  y: Array.from({ length: 60 }, (_, i) => {
    const x = (i / 59) * 4 - 2;
    return 1 - 2 * x + 0.5 * x ** 3 + 0.1 * noise();
  }),
};
const two = clouds(
  1,
  [
    [-1, 0],
    [1, 0.5],
  ],
  30,
);

describe("folds", () => {
  test("consecutive parts of sizes that differ by one", () => {
    const folds = new KFold({ splits: 3 }).split(7);
    expect(folds.map(({ test }) => [...test])).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect([...folds[1]!.train]).toEqual([0, 1, 2, 5, 6]);
  });

  test("random parts hold every row once, the same for a seed", () => {
    const split = (seed: number): number[][] =>
      new KFold({ splits: 4, shuffle: true, seed }).split(10).map(({ test }) => [...test]);
    expect(
      split(1)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });

  test("stratified parts have each class's share", () => {
    const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
    for (const shuffle of [false, true]) {
      for (const { train, test } of new StratifiedKFold({ splits: 3, shuffle }).split(labels)) {
        expect(Array.from(test, (row) => labels[row]!).sort((a, b) => a - b)).toEqual([0, 0, 1]);
        expect(train).toHaveLength(6);
      }
    }
  });

  test("k larger than the sample, or than a class, or below 2", () => {
    expect(() => new KFold({ splits: 5 }).split(4)).toThrow(OptionError);
    expect(() => new KFold({ splits: 5 }).split(4)).toThrow("k is 5, more than the 4 examples of the sample");
    expect(() => new StratifiedKFold().split([0, 1])).toThrow("k is 5, more than the 2 examples");
    const few = [0, 0, 0, 0, 1];
    expect(() => new StratifiedKFold({ splits: 2 }).split(few)).toThrow(
      "class 1 has 1 example, and each of 2 parts needs one",
    );
    expect(() => new KFold({ splits: 1 })).toThrow("splits must be a whole number ≥ 2, not 1");
  });
});

describe("crossValScore", () => {
  test("grades on rows that were not fitted: leave-one-out by hand", async () => {
    const [x, y] = [
      [[0], [1], [3]],
      [0, 2, 0],
    ];
    // Lines through the other two at the row left out: 3, 0 and 6.
    const absolute = await crossValScore(new LinearRegression(), x, y, {
      cv: 3,
      scoring: async (model, examples, wanted) =>
        -Math.abs((await model.predict(examples).data())[0]! - (wanted as number[])[0]!),
    });
    expect(absolute.map((score) => score.toFixed(9))).toEqual([
      "-3.000000000",
      "-2.000000000",
      "-6.000000000",
    ]);
  });

  test("takes tensors, stratifies classes, and leaves the model as it is", async () => {
    const model = new LogisticRegression();
    const arrays = await crossValScore(model, two.x, two.y);
    const x = tensor(two.x, { dtype: "float64" });
    const y = tensor(two.y, { dtype: "int32" });
    const tensors = await crossValScore(model, x, y, { cv: new StratifiedKFold() });
    expect(arrays).toHaveLength(5);
    expect(tensors).toEqual(arrays);
    expect(arrays.reduce((sum, score) => sum + score) / 5).toBeGreaterThan(0.7);
    expect(() => model.classes).toThrow(StateError);
    const folds = new KFold({ splits: 2 }).split(60);
    expect(await crossValScore(model, two.x, two.y, { cv: folds })).toHaveLength(2);
  });

  test("k larger than the sample, and counts that differ", async () => {
    const tooMany = crossValScore(new LinearRegression(), [[1], [2]], [1, 2], { cv: 3 });
    await expect(tooMany).rejects.toThrow("k is 3, more than the 2 examples");
    await expect(crossValScore(new LinearRegression(), [[1], [2]], [1])).rejects.toThrow(ShapeError);
  });
});

/** Polynomial regression of a degree with a ridge. */
const polynomial = ({ degree, alpha }: { degree: number; alpha: number }): Pipeline =>
  new Pipeline(new PolynomialFeatures({ degree, includeBias: false }), new LinearRegression({ alpha }));

describe("GridSearch", () => {
  test("finds the degree that made the data", async () => {
    const search = new GridSearch(
      polynomial,
      { degree: [1, 2, 3, 6, 9], alpha: [0, 1] },
      {
        cv: new KFold({ splits: 5, shuffle: true, seed: 3 }),
      },
    );
    await search.fit(cubic.x, cubic.y);
    expect(search.bestParams).toEqual({ degree: 3, alpha: 0 });
    expect(search.results).toHaveLength(10);
    expect(search.results[1]!.parameters).toEqual({ degree: 1, alpha: 1 });
    expect(search.bestScore).toBe(Math.max(...search.results.map(({ mean }) => mean)));
    const { scores, mean, std } = search.results[4]!;
    expect(mean).toBeCloseTo(scores.reduce((sum, score) => sum + score) / 5, 12);
    expect(std).toBeCloseTo(Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 5), 12);
    const refitted = await polynomial({ degree: 3, alpha: 0 }).fit(cubic.x, cubic.y);
    expect(await search.predict(cubic.x).data()).toEqual(await refitted.predict(cubic.x).data());
    expect(await search.score(cubic.x, cubic.y)).toBeGreaterThan(0.99);
    const { coef } = search.bestEstimator.predictor as LinearRegression;
    expect(((await coef.toArray()) as number[]).map((value) => Math.round(value * 10) / 10)).toEqual([
      -2, 0, 0.5,
    ]);
  });

  test("serves as a predictor itself, with probabilities where the model has them", async () => {
    const search = new GridSearch(
      ({ C }: { C: number }) => new LogisticRegression({ C }),
      { C: [0.01, 1] },
      { cv: 3 },
    );
    const scores = await crossValScore(search, two.x, two.y, { cv: 2 });
    expect(scores).toHaveLength(2);
    expect(search.kind).toBe("classifier");
    await search.fit(two.x, two.y);
    expect(search.predictProba(two.x).shape).toEqual([60, 2]);
    const regressor = await new GridSearch(polynomial, { degree: [1], alpha: [0] }).fit(cubic.x, cubic.y);
    expect(() => regressor.bestEstimator.predictProba(cubic.x)).toThrow(
      "LinearRegression has no predictProba",
    );
  });

  test("bad grids and calls out of turn", async () => {
    expect(() => new GridSearch(polynomial, { degree: [], alpha: [0] })).toThrow(
      "no values of degree to try",
    );
    const search = new GridSearch(polynomial, { degree: [1], alpha: [0] }, { scoring: () => Number.NaN });
    expect(() => search.bestParams).toThrow(StateError);
    expect(() => search.predict(cubic.x)).toThrow("GridSearch: predict before fit");
    await expect(search.fit(cubic.x, cubic.y)).rejects.toThrow("every score is NaN");
  });
});

describe("RandomSearch", () => {
  const cv = new KFold({ splits: 4, shuffle: true });
  const space = { degree: [1, 3, 5], alpha: sampleLogUniform(1e-4, 1e2) };

  test("draws combinations by seed and keeps the best", async () => {
    const search = new RandomSearch(polynomial, space, { nIter: 8, seed: 5, cv });
    await search.fit(cubic.x, cubic.y);
    expect(search.results).toHaveLength(8);
    for (const { parameters } of search.results) {
      expect(space.degree).toContain(parameters.degree);
      expect(parameters.alpha).toBeGreaterThanOrEqual(1e-4);
      expect(parameters.alpha).toBeLessThan(1e2);
    }
    expect(search.bestParams.degree).toBeGreaterThan(1);
    const again = await search.clone().fit(cubic.x, cubic.y);
    expect(again.results).toEqual(search.results);
    const other = await new RandomSearch(polynomial, space, { nIter: 8, seed: 6, cv }).fit(cubic.x, cubic.y);
    expect(other.results).not.toEqual(search.results);
  });

  test("samplers keep to their ranges", () => {
    const generator = new Generator(1);
    const uniform = Array.from({ length: 400 }, () => sampleUniform(2, 3)(generator));
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...uniform)).toBeLessThan(3);
    const logs = Array.from({ length: 400 }, () => Math.log10(sampleLogUniform(1e-3, 1e3)(generator)));
    expect(Math.abs(logs.reduce((sum, value) => sum + value) / 400)).toBeLessThan(0.3);
    expect(() => sampleUniform(1, 1)).toThrow(OptionError);
    expect(() => sampleLogUniform(0, 1)).toThrow("0 < low < high");
    expect(() => new RandomSearch(polynomial, space, { nIter: 0 })).toThrow("nIter");
    expect(() => new RandomSearch(polynomial, { degree: [], alpha: [1] })).toThrow("no values of degree");
  });
});

test("a pipeline learns from training rows only, and clones whole", async () => {
  const pipeline = polynomial({ degree: 2, alpha: 0 });
  await pipeline.fit([[0], [1], [2], [3]], [0, 1, 4, 9]);
  expect((await pipeline.predict([[5]]).data())[0]).toBeCloseTo(25, 9);
  expect(await pipeline.score([[4], [6]], [16, 36])).toBeCloseTo(1, 9);
  const twin = pipeline.clone();
  expect(() => twin.predict([[1]])).toThrow(StateError);
  expect(twin.transformers).toHaveLength(1);
  const classifier = new Pipeline(new PolynomialFeatures({ degree: 2 }), new LogisticRegression());
  expect(classifier.kind).toBe("classifier");
  await classifier.fit(
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    [0, 1, 1, 0],
  );
  expect(classifier.predictProba([[0, 0]]).shape).toEqual([1, 2]);
});
