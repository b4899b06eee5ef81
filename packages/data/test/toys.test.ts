import { OptionError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import {
  type ArrayDataset,
  blobs,
  circles,
  linearlySeparable,
  moons,
  overfittingSet,
  poissonRegression,
  polynomialCurve,
  sineCurve,
  spirals,
  xor,
} from "../src/index.ts";

interface Row {
  readonly x: number[];
  readonly y: number;
}

function rowsOf({ columns: { x, y } }: ArrayDataset): Row[] {
  const width = x.shape[1]!;
  return Array.from(y.data, (label, i) => ({
    x: [...x.data.subarray(i * width, (i + 1) * width)],
    y: label,
  }));
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const sizes = (rows: readonly Row[]): number[] =>
  [...new Set(rows.map(({ y }) => y))]
    .toSorted((a, b) => a - b)
    .map((label) => rows.filter(({ y }) => y === label).length);

const classes = { moons, circles, spirals, blobs, xor };
const curves = { sineCurve, polynomialCurve };

describe.each(Object.entries({ ...classes, ...curves }))("%s", (name, make) => {
  it("gives the same numbers for a seed, and others for another", () => {
    expect(make({ seed: 3 }).columns).toEqual(make({ seed: 3 }).columns);
    expect(make({ seed: 3 }).columns).not.toEqual(make({ seed: 4 }).columns);
    expect(make({}).columns).toEqual(make({ seed: 0 }).columns);
  });

  it("has the count and the kinds of array that models take", () => {
    const { length, columns } = make({ count: 21 });
    expect(length).toBe(21);
    expect(columns.x.data).toBeInstanceOf(Float32Array);
    expect(columns.y.data).toBeInstanceOf(name in classes ? Int32Array : Float32Array);
    expect(columns.y.shape).toEqual(name in classes ? [21] : [21, 1]);
  });

  it("refuses counts and noise that are none", () => {
    for (const options of [{ count: 0 }, { count: 2.5 }, { noise: -1 }, { noise: NaN }]) {
      expect(() => make(options)).toThrow(OptionError);
    }
  });
});

describe("shapes of classes", () => {
  it("moons lie on two half circles", () => {
    const rows = rowsOf(moons({ count: 101, noise: 0 }));
    expect(sizes(rows)).toEqual([50, 51]);
    for (const { x, y } of rows) {
      const [cx, cy] = y === 0 ? [0, 0] : [1, 0.5];
      expect(Math.hypot(x[0]! - cx, x[1]! - cy)).toBeCloseTo(1, 5);
      expect(y === 0 ? x[1]! : 0.5 - x[1]!).toBeGreaterThan(-1e-6);
    }
  });

  it("circles lie on two circles", () => {
    const rows = rowsOf(circles({ noise: 0, factor: 0.3, count: 50 }));
    expect(sizes(rows)).toEqual([25, 25]);
    for (const { x, y } of rows) expect(Math.hypot(...x)).toBeCloseTo(y === 0 ? 1 : 0.3, 5);
    expect(() => circles({ factor: 1 })).toThrow(OptionError);
  });

  it("spirals wind out, one arm a class", () => {
    const rows = rowsOf(spirals({ noise: 0, classes: 3, turns: 1, count: 90 }));
    expect(sizes(rows)).toEqual([30, 30, 30]);
    for (const { x, y } of rows) {
      const radius = Math.hypot(...x);
      const turned = Math.atan2(x[1]!, x[0]!) / (2 * Math.PI) - radius - y / 3;
      expect(turned - Math.round(turned)).toBeCloseTo(0, 4);
    }
    expect(() => spirals({ classes: 0 })).toThrow(OptionError);
  });

  it("blobs lie around their centres with their spread", () => {
    const rows = rowsOf(
      blobs({
        count: 4000,
        centers: [
          [0, 5, 1],
          [3, -3, 2],
        ],
        noise: 0.5,
        seed: 1,
      }),
    );
    expect(sizes(rows)).toEqual([2000, 2000]);
    const second = rows.filter(({ y }) => y === 1).map(({ x }) => x[1]!);
    // Four standard errors of the mean are 0.045, of the variance 0.032.
    expect(Math.abs(mean(second) + 3)).toBeLessThan(0.045);
    expect(Math.abs(mean(second.map((value) => (value + 3) ** 2)) - 0.25)).toBeLessThan(0.032);
    expect(sizes(rowsOf(blobs({ centers: 4, count: 8 })))).toEqual([2, 2, 2, 2]);
    expect(() => blobs({ centers: [[1], [1, 2]] })).toThrow(OptionError);
    expect(() => blobs({ centers: 0 })).toThrow(OptionError);
  });

  it("xor differs in sign, and is the truth table with four", () => {
    const rows = rowsOf(xor({ count: 100 }));
    expect(sizes(rows)).toEqual([50, 50]);
    for (const { x, y } of rows) expect(y).toBe(Number(x[0]! > 0 !== x[1]! > 0));
    const four = rowsOf(xor({ count: 4 })).toSorted((a, b) => a.x[0]! * 2 + a.x[1]! - b.x[0]! * 2 - b.x[1]!);
    expect(four).toEqual([
      { x: [0, 0], y: 0 },
      { x: [0, 1], y: 1 },
      { x: [1, 0], y: 1 },
      { x: [1, 1], y: 0 },
    ]);
  });

  it("comes in mixed order", () => {
    for (const make of Object.values(classes)) {
      const labels = rowsOf(make({ count: 40 })).map(({ y }) => y);
      expect(labels).not.toEqual(labels.toSorted((a, b) => a - b));
    }
  });
});

describe("curves", () => {
  it("sineCurve is sin 2πx at even or random points", () => {
    const rows = rowsOf(sineCurve({ noise: 0, count: 5 }));
    expect(rows.map(({ x }) => x[0])).toEqual([0, 0.25, 0.5, 0.75, 1]);
    for (const { x, y } of rows) expect(y).toBeCloseTo(Math.sin(2 * Math.PI * x[0]!), 6);
    const random = rowsOf(sineCurve({ noise: 0, count: 200, spacing: "random", from: 2, to: 3 })).map(
      ({ x }) => x[0]!,
    );
    expect(Math.min(...random)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...random)).toBeLessThan(3);
    expect(random).not.toEqual(random.toSorted((a, b) => a - b));
    expect(() => sineCurve({ from: 1, to: 1 })).toThrow(OptionError);
  });

  it("polynomialCurve has the coefficients given, and noise of the size given", () => {
    for (const { x, y } of rowsOf(polynomialCurve({ noise: 0, coefficients: [1, -2, 3] }))) {
      expect(y).toBeCloseTo(1 - 2 * x[0]! + 3 * x[0]! ** 2, 5);
    }
    const errors = rowsOf(polynomialCurve({ noise: 0.2, count: 4000 })).map(
      ({ x, y }) => y - (2 * x[0]! ** 3 - x[0]!),
    );
    expect(Math.abs(mean(errors.map((error) => error ** 2)) - 0.04)).toBeLessThan(0.0036);
    expect(() => polynomialCurve({ coefficients: [] })).toThrow(OptionError);
  });
});

describe("linearlySeparable", () => {
  it.each([
    [2, 0.1],
    [1, 0.5],
    [5, 0.3],
  ])("keeps its margin in %d axes", (features, margin) => {
    const set = linearlySeparable({ features, margin, count: 200, seed: 2 });
    expect(Math.hypot(...set.weight)).toBeCloseTo(1, 12);
    const rows = rowsOf(set.dataset);
    expect(sizes(rows)).toEqual([100, 100]);
    const distances = rows.map(
      ({ x, y }) => (2 * y - 1) * x.reduce((sum, value, i) => sum + value * set.weight[i]!, set.bias),
    );
    expect(Math.min(...distances)).toBe(set.margin);
    expect(set.margin).toBeGreaterThan(margin - 1e-6);
    expect(Math.max(...rows.map(({ x }) => Math.hypot(...x, 1)))).toBe(set.radius);
  });

  it("states a bound that the perceptron keeps", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { dataset, mistakeBound } = linearlySeparable({ seed, count: 60 });
      const w = [0, 0, 0];
      let mistakes = 0;
      for (let clean = false; !clean;) {
        clean = true;
        for (const { x, y } of rowsOf(dataset)) {
          const input = [...x, 1];
          const side = 2 * y - 1;
          if (side * input.reduce((sum, value, i) => sum + value * w[i]!, 0) > 0) continue;
          input.forEach((value, i) => (w[i]! += side * value));
          mistakes++;
          clean = false;
        }
      }
      expect(mistakes).toBeLessThanOrEqual(mistakeBound);
    }
  });

  it("refuses margins without room", () => {
    for (const options of [{ margin: 0 }, { margin: 0.6 }, { features: 0 }, { count: 1 }]) {
      expect(() => linearlySeparable(options)).toThrow(OptionError);
    }
  });
});

describe("poissonRegression", () => {
  it("has counts with the mean and variance of the rate", () => {
    const { dataset, coefficients, intercept } = poissonRegression({ count: 20_000, seed: 1 });
    const rows = rowsOf(dataset);
    const rates = rows.map(({ x }) =>
      Math.exp(intercept + x.reduce((sum, value, i) => sum + value * coefficients[i]!, 0)),
    );
    expect(rows.every(({ y }) => Number.isInteger(y) && y >= 0)).toBe(true);
    // (y − λ)/√λ has mean 0 and variance 1: four standard errors over 20,000 are 0.028 and about 0.07.
    const scores = rows.map(({ y }, i) => (y - rates[i]!) / Math.sqrt(rates[i]!));
    expect(Math.abs(mean(scores))).toBeLessThan(0.028);
    expect(Math.abs(mean(scores.map((score) => score ** 2)) - 1)).toBeLessThan(0.07);
  });

  it("draws large rates in parts", () => {
    const rows = rowsOf(
      poissonRegression({ count: 400, coefficients: [0], intercept: Math.log(500) }).dataset,
    );
    const counts = rows.map(({ y }) => y);
    expect(Math.abs(mean(counts) - 500)).toBeLessThan((4 * Math.sqrt(500)) / 20);
  });

  it("is fixed by its seed, and refuses rates beyond all bounds", () => {
    expect(poissonRegression({ seed: 5 }).dataset.columns).toEqual(
      poissonRegression({ seed: 5 }).dataset.columns,
    );
    expect(poissonRegression({ seed: 5 }).dataset.columns).not.toEqual(
      poissonRegression({ seed: 6 }).dataset.columns,
    );
    expect(() => poissonRegression({ coefficients: [] })).toThrow(OptionError);
    expect(() => poissonRegression({ intercept: 50 })).toThrow(/example 0 has the rate/);
  });
});

describe("overfittingSet", () => {
  it("has a tenth of its labels wrong, in sizes that invite overfitting", () => {
    const { train, validation } = overfittingSet();
    expect([train.length, validation.length, train.columns.x.shape[1]]).toEqual([60, 1000, 20]);
    const right = rowsOf(validation).filter(
      ({ x, y }) => y === Number(x[0]! + x[1]! + x[2]! + x[3]! > 0),
    ).length;
    // Three standard deviations of a share of 0.9 over 1000 are 28 examples.
    expect(Math.abs(right - 900)).toBeLessThan(28);
    expect(overfittingSet(1).train.columns).toEqual(overfittingSet(1).train.columns);
    expect(overfittingSet(1).train.columns).not.toEqual(train.columns);
  });
});
