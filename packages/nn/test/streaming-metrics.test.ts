import { IndexError, NumericError, OptionError, ShapeError } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

type Batch = readonly [predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>];

const measured = (metric: nn.StreamingMetric, ...batches: readonly Batch[]): number => {
  for (const batch of batches) metric.update(...batch);
  return metric.compute();
};

describe("every metric", () => {
  const metrics: readonly [string, () => nn.StreamingMetric, readonly Batch[]][] = [
    ["Accuracy", () => new nn.Accuracy(), [[[0, 1, 1], [0, 1, 0]], [[2], [2]]]], // prettier-ignore
    ["TopKAccuracy", () => new nn.TopKAccuracy(1), [[[0.1, 0.9, 0.8, 0.2], [1, 1]], [[0.4, 0.6], [1]]]], // prettier-ignore
    ["Precision", () => new nn.Precision(), [[[0, 1, 1], [0, 1, 0]], [[1], [1]]]], // prettier-ignore
    ["Recall", () => new nn.Recall(), [[[0, 1, 1], [1, 1, 0]], [[1], [1]]]], // prettier-ignore
    ["F1Score", () => new nn.F1Score(), [[[0, 1, 1], [1, 1, 0]], [[1], [1]]]], // prettier-ignore
    ["RocAuc", () => new nn.RocAuc(), [[[0.1, 0.4, 0.35], [0, 0, 1]], [[0.8], [1]]]], // prettier-ignore
    ["LogLoss", () => new nn.LogLoss(), [[[0.1, 0.4, 0.35], [0, 0, 1]], [[0.8], [1]]]], // prettier-ignore
    ["MeanAbsoluteError", () => new nn.MeanAbsoluteError(), [[[1, 2], [3, 3]], [[1], [0]]]], // prettier-ignore
    ["MeanSquaredError", () => new nn.MeanSquaredError(), [[[1, 2], [3, 3]], [[1], [0]]]], // prettier-ignore
    ["R2Score", () => new nn.R2Score(), [[[1, 2], [3, 3]], [[1], [0]]]], // prettier-ignore
  ];
  test.each(metrics)("%s is the same in batches and in one, and starts anew", (_, make, batches) => {
    const metric = make();
    expect(metric.compute()).toBeNaN();
    const value = measured(metric, ...batches);
    expect(value).toBeGreaterThan(-5);
    const whole = [0, 1].map((i) => batches.flatMap((batch) => Array.from(batch[i]!)));
    expect(make().update(whole[0]!, whole[1]!).compute()).toBeCloseTo(value, 14);
    metric.reset();
    expect(metric.compute()).toBeNaN();
    expect(measured(metric, ...batches)).toBe(value);
  });

  test.each(metrics)("%s counts an example of weight 2 twice", (_, make, batches) => {
    const [predicted, targets] = batches[0]!;
    const columns = predicted.length / targets.length;
    const weights = Array.from(targets, (_, i) => (i === 0 ? 2 : 1));
    const twice = [...Array.from(predicted).slice(0, columns), ...Array.from(predicted)];
    const value = make().update(predicted, targets, weights).compute();
    expect(value).toBeCloseTo(
      make()
        .update(twice, [targets[0]!, ...Array.from(targets)])
        .compute(),
      14,
    );
    expect(() => make().update(predicted, targets, [1])).toThrow(ShapeError);
  });

  test.each(metrics)("%s refuses lengths that differ, and counts nothing then", (_, make, batches) => {
    const metric = make();
    expect(() => metric.update([0, 1, 1], [0, 1])).toThrow(ShapeError);
    expect(metric.compute()).toBeNaN();
    expect(measured(metric, ...batches)).not.toBeNaN();
  });
});

test("Accuracy is the share of classes that were right", () => {
  expect(measured(new nn.Accuracy(), [[0, 1, 1], [0, 1, 0]], [[2], [2]])).toBe(0.75); // prettier-ignore
  expect(measured(new nn.Accuracy(), [[0, 1], [0, 0], [3, 1]])).toBe(0.75); // prettier-ignore
});

describe("TopKAccuracy", () => {
  // Rows of scikit-learn's own example: 2 of 4 are first, 3 of 4 among the first two.
  const scores = [0.5, 0.2, 0.2, 0.3, 0.4, 0.2, 0.2, 0.4, 0.3, 0.7, 0.2, 0.1];
  const targets = [0, 1, 2, 2];

  test("looks for the true class among the k highest", () => {
    expect(measured(new nn.TopKAccuracy(), [scores, targets])).toBe(0.75);
    expect(measured(new nn.TopKAccuracy(1), [scores, targets])).toBe(0.5);
    expect(measured(new nn.TopKAccuracy(3), [Float32Array.from(scores), targets])).toBe(1);
  });

  test("among equal scores the higher class comes first", () => {
    expect(measured(new nn.TopKAccuracy(1), [[0.5, 0.5], [1]])).toBe(1);
    expect(measured(new nn.TopKAccuracy(1), [[0.5, 0.5], [0]])).toBe(0);
  });

  test("refuses what is no class, no score or no k", () => {
    expect(() => new nn.TopKAccuracy().update([1, 2], [2])).toThrow(IndexError);
    expect(() => new nn.TopKAccuracy().update([1, 2], [0.5])).toThrow("0 … 1");
    expect(() => new nn.TopKAccuracy().update([1, Number.NaN], [0])).toThrow(NumericError);
    expect(() => new nn.TopKAccuracy(0)).toThrow(OptionError);
    expect(() => new nn.TopKAccuracy().update([1, 2, 3], [])).toThrow(ShapeError);
  });
});

describe("Precision, Recall and F1Score", () => {
  // Confusions, true by predicted: class 0: 2 right; class 1: taken for 2, 2 and 1… see the counts below.
  const predicted = [0, 2, 1, 0, 0, 1];
  const targets = [0, 1, 2, 0, 1, 2];
  // Class 0: 2 hits of 3 taken, of 2 true; class 1: 0 of 2, of 2; class 2: 0 of 1, of 2.

  test("by class, macro, micro and weighted, as scikit-learn's example has them", () => {
    const of = (
      Metric: new (options: nn.ClassMetricOptions) => nn.ClassMetric,
      average: nn.Average,
    ): number => measured(new Metric({ average }), [predicted, targets]);
    expect(of(nn.Precision, "macro")).toBeCloseTo(2 / 9, 14);
    expect(of(nn.Precision, "micro")).toBeCloseTo(1 / 3, 14);
    expect(of(nn.Precision, "weighted")).toBeCloseTo(2 / 9, 14);
    expect(of(nn.Recall, "macro")).toBeCloseTo(1 / 3, 14);
    expect(of(nn.Recall, "micro")).toBeCloseTo(1 / 3, 14);
    expect(of(nn.F1Score, "macro")).toBeCloseTo(0.8 / 3, 14);
    expect(of(nn.F1Score, "micro")).toBeCloseTo(1 / 3, 14);
    expect([...new nn.F1Score().update(predicted, targets).perClass()]).toEqual([
      [0, 0.8],
      [1, 0],
      [2, 0],
    ]);
  });

  test("weighted goes by how often a class is true", () => {
    // Class 0: precision 1/2, recall 1, F1 2/3, true once; class 1: 1, 2/3, 4/5, true three times.
    const batch: Batch = [
      [0, 0, 1, 1],
      [0, 1, 1, 1],
    ];
    expect(measured(new nn.Precision({ average: "weighted" }), batch)).toBeCloseTo(3.5 / 4, 14);
    expect(measured(new nn.Recall({ average: "weighted" }), batch)).toBeCloseTo(3 / 4, 14);
    expect(measured(new nn.F1Score({ average: "weighted" }), batch)).toBeCloseTo((2 / 3 + 2.4) / 4, 14);
    expect(measured(new nn.F1Score({ average: "macro" }), batch)).toBeCloseTo((2 / 3 + 4 / 5) / 2, 14);
  });

  test("binary is that of the positive class", () => {
    const batch: Batch = [
      [1, 1, 0, 0, 1],
      [1, 0, 0, 1, 1],
    ];
    expect(measured(new nn.Precision(), batch)).toBeCloseTo(2 / 3, 14);
    expect(measured(new nn.Recall(), batch)).toBeCloseTo(2 / 3, 14);
    expect(measured(new nn.F1Score({ positive: 0 }), batch)).toBe(0.5);
    expect(messageOf(() => measured(new nn.Recall(), [predicted, targets]))).toContain(
      "Recall: the classes 0, 1, 2 are more than a positive and a negative one",
    );
  });

  test("what cannot be divided is 0, or what is asked for", () => {
    const never: Batch = [[0, 0], [1, 0]]; // prettier-ignore
    expect(measured(new nn.Precision(), never)).toBe(0);
    expect(measured(new nn.Precision({ zeroDivision: 1 }), never)).toBe(1);
    expect(measured(new nn.Recall({ zeroDivision: 1 }), never)).toBe(0);
    expect(measured(new nn.Recall({ zeroDivision: Number.NaN }), [[1], [0]])).toBeNaN();
    expect(measured(new nn.F1Score(), [[0, 0], [0, 0]])).toBe(0); // prettier-ignore
  });

  test("scores are not classes", () => {
    expect(() => new nn.F1Score().update([0.7], [1])).toThrow(NumericError);
    expect(messageOf(() => new nn.Precision().update([0], [Number.NaN]))).toContain(
      "NaN at 0 is not a class",
    );
    expect(() => new nn.F1Score({ average: "samples" as never })).toThrow(OptionError);
  });
});

describe("RocAuc", () => {
  const auc = (scores: readonly number[], targets: readonly number[], weights?: readonly number[]): number =>
    new nn.RocAuc().update(scores, targets, weights).compute();

  test("is the share of pairs in the right order", () => {
    expect(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(auc([1, 2, 3], [0, 1, 1])).toBe(1);
    expect(auc([3, 2, 1], [0, 1, 1])).toBe(0);
    expect(auc([-1e9, Infinity, -Infinity], [1, 1, 0])).toBe(1);
  });

  test("a tie counts half, wherever it stands", () => {
    expect(auc([0.5, 0.5], [0, 1])).toBe(0.5);
    expect(auc([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 1])).toBe(0.5);
    // Pairs: (0.6 > 0.5), (0.6 = 0.6), (0.9 > 0.5), (0.9 > 0.6).
    expect(auc([0.5, 0.6, 0.6, 0.9], [0, 0, 1, 1])).toBe(3.5 / 4);
    // Positives 2 and 1 against negatives 2, 1 and 0: ½ + 1 + 1 and 0 + ½ + 1.
    expect(auc([2, 1, 2, 1, 0], [1, 1, 0, 0, 0])).toBeCloseTo(4 / 6, 14);
  });

  test("pairs count by the product of their weights", () => {
    // Pairs: 0.35 against 0.1 (1·2·3) and 0.4 (0·2·1), 0.8 against both (1·5·3 and 1·5·1).
    expect(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], [3, 1, 2, 5])).toBeCloseTo(26 / 28, 14);
  });

  test("of one class only is NaN, and of anything else an error", () => {
    expect(auc([0.1, 0.9], [1, 1])).toBeNaN();
    expect(auc([0.1, 0.9], [0, 0])).toBeNaN();
    expect(() => auc([0.1], [2])).toThrow(NumericError);
    expect(() => auc([Number.NaN], [1])).toThrow("RocAuc: score 0 is NaN");
  });
});

describe("LogLoss", () => {
  const loss = (p: ArrayLike<number>, targets: readonly number[]): number =>
    new nn.LogLoss().update(p, targets).compute();

  test("is the mean −ln p of what was true, binary or by class", () => {
    expect(loss([0.8, 0.25], [1, 0])).toBeCloseTo(-(Math.log(0.8) + Math.log(0.75)) / 2, 14);
    const rows = [0.2, 0.3, 0.5, 0.7, 0.1, 0.2];
    expect(loss(rows, [2, 0])).toBeCloseTo(-(Math.log(0.5) + Math.log(0.7)) / 2, 14);
  });

  test("certainty that is wrong costs −ln of the numbers' spacing, not ∞", () => {
    expect(loss([0], [1])).toBeCloseTo(52 * Math.LN2, 12);
    expect(loss(Float32Array.of(1), [0])).toBeCloseTo(23 * Math.LN2, 6);
    expect(loss([1], [1])).toBeCloseTo(0, 12);
  });

  test("logits where probabilities are expected are refused, with the way out", () => {
    expect(() => loss([2.5], [1])).toThrow(NumericError);
    expect(messageOf(() => loss([0.2, -0.1], [1, 0]))).toBe(
      "NumericError: LogLoss: probability 1 is -0.1; probabilities are in [0, 1]; " +
        "take softmax or sigmoid of logits first",
    );
    expect(() => loss([0.2, 0.3, 0.1], [1])).toThrow("add up to 0.6, not 1; take softmax");
    expect(() => loss([Number.NaN], [1])).toThrow(NumericError);
    expect(() => loss([0.5], [2])).toThrow(IndexError);
    expect(() => loss([0.5, 0.5], [2])).toThrow("there are 0 … 1");
    // Rounding of a float32 softmax over many classes is no mistake.
    const even = Float32Array.from({ length: 1000 }, () => 1 / 1000);
    expect(loss(even, [3])).toBeCloseTo(Math.log(1000), 5);
  });
});

describe("errors and R²", () => {
  test("by hand, with scikit-learn's examples", () => {
    const batch: Batch = [[2.5, 0, 2, 8], [3, -0.5, 2, 7]]; // prettier-ignore
    expect(measured(new nn.MeanAbsoluteError(), batch)).toBe(0.5);
    expect(measured(new nn.MeanSquaredError(), batch)).toBe(0.375);
    expect(measured(new nn.R2Score(), batch)).toBeCloseTo(0.9486081370449679, 14);
  });

  test("R² is 0 for the mean, below 0 for worse", () => {
    expect(measured(new nn.R2Score(), [[2, 2, 2], [1, 2, 3]])).toBe(0); // prettier-ignore
    expect(measured(new nn.R2Score(), [[3, 2, 1], [1, 2, 3]])).toBe(-3); // prettier-ignore
  });

  test("R² of targets that are all alike is 1 for exact predictions, else 0; of one example NaN", () => {
    expect(measured(new nn.R2Score(), [[5, 5], [5, 5]])).toBe(1); // prettier-ignore
    expect(measured(new nn.R2Score(), [[5, 6], [5, 5]])).toBe(0); // prettier-ignore
    expect(measured(new nn.R2Score(), [[5], [6]])).toBeNaN(); // prettier-ignore
  });

  test("R² of targets far from 0 loses no digits", () => {
    const offset = 1e9;
    const [predicted, targets] = [[1, 2, 4], [1, 2, 3]].map((row) => row.map((x) => x + offset)); // prettier-ignore
    expect(measured(new nn.R2Score(), [predicted!, targets!])).toBeCloseTo(0.5, 12);
  });

  test("NaN shows", () => {
    expect(measured(new nn.MeanAbsoluteError(), [[Number.NaN], [1]])).toBeNaN(); // prettier-ignore
    expect(measured(new nn.R2Score(), [[Number.NaN, 1], [1, 2]])).toBeNaN(); // prettier-ignore
  });
});
