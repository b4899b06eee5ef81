import {
  compile,
  debug,
  DtypeError,
  IndexError,
  NumericError,
  OptionError,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { int32, messageOf } from "./setup.ts";

const float64 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  tensor(Float64Array.from(values), { shape });

const none = { reduction: "none" } as const;
const a = float64([0.2, -1, 3, 0.9]);
const b = float64([1, -1.4, 0.5, 1]);
const scores = float64([0.2, -1, 3, 1, 1.1, -2.5, 0, 0.7, 0.1, -0.3, 2, 1.5], [4, 3]);
const labels = int32([2, 0, 1, 1]);
const signs = float64([1, -1, -1, 1]);

describe("by hand", () => {
  const cases: readonly [string, Tensor, readonly number[]][] = [
    ["l1Loss", nn.l1Loss(tensor([1, 2, 4]), tensor([3, 2, 1]), none), [2, 0, 3]],
    ["huberLoss", nn.huberLoss(tensor([1, 2, 4]), tensor([3, 1.5, 1]), { ...none, delta: 2 }), [2, 0.125, 4]],
    ["smoothL1Loss", nn.smoothL1Loss(tensor([1, 2, 4]), tensor([3, 1.5, 1]), none), [1.5, 0.125, 2.5]],
    ["smoothL1Loss of β 0", nn.smoothL1Loss(tensor([1]), tensor([3]), { ...none, beta: 0 }), [2]],
    ["bceLoss", nn.bceLoss(tensor([0.5, 0.25]), tensor([1, 0]), none), [Math.LN2, Math.log(4 / 3)]],
    ["nllLoss", nn.nllLoss(tensor([[-1, -2], [-3, -4]]), int32([1, 0]), none), [2, 3]], // prettier-ignore
    ["hingeLoss", nn.hingeLoss(tensor([2, 0.5, 0.5]), tensor([1, 1, -1]), none), [0, 0.5, 1.5]],
    ["hingeLoss squared", nn.hingeLoss(tensor([0.5]), tensor([-1]), { ...none, squared: true }), [2.25]],
    ["multiMarginLoss", nn.multiMarginLoss(tensor([[1, 3, 1.5]]), int32([0]), none), [(3 + 1.5) / 3]],
    ["cosineSimilarity", nn.cosineSimilarity(tensor([[3, 4], [1, 0]]), tensor([[4, 3], [0, 2]])), [0.96, 0]], // prettier-ignore
    ["cosineSimilarityLoss", nn.cosineSimilarityLoss(tensor([[3, 4]]), tensor([[4, 3]]), none), [0.04]],
    [
      "cosineEmbeddingLoss",
      nn.cosineEmbeddingLoss(
        tensor([[3, 4], [3, 4], [3, 4]]), // prettier-ignore
        tensor([[4, 3], [4, 3], [-4, -3]]), // prettier-ignore
        int32([1, -1, -1]),
        { ...none, margin: 0.5 },
      ),
      [0.04, 0.46, 0],
    ],
    ["klDiv", nn.klDiv(tensor([0, 0]).sub(Math.LN2), tensor([1, 0]), none), [Math.LN2, 0]],
    ["gaussianNllLoss", nn.gaussianNllLoss(tensor([1]), tensor([3]), 4, none), [0.5 * Math.log(4) + 0.5]],
    [
      "gaussianNllLoss full",
      nn.gaussianNllLoss(tensor([0]), tensor([0]), 1, { ...none, full: true }),
      [-Math.log(0.3989422804014327)],
    ],
    ["poissonNllLoss", nn.poissonNllLoss(tensor([0, Math.LN2]), tensor([3, 3]), none), [1, 2 - 3 * Math.LN2]],
    [
      "poissonNllLoss of rates",
      nn.poissonNllLoss(tensor([2]), tensor([3]), { ...none, logInput: false }),
      [2 - 3 * Math.LN2],
    ],
    ["focalLoss", nn.focalLoss(zeros([1, 4]), int32([1]), none), [0.75 ** 2 * Math.log(4)]],
    [
      "binaryFocalLoss",
      nn.binaryFocalLoss(zeros([2]), tensor([1, 0]), none),
      [0.25 * 0.25 * Math.LN2, 0.75 * 0.25 * Math.LN2],
    ],
  ];
  test.each(cases)("%s", async (_, loss, expected) => {
    await expectClose(loss.flatten(), expected, { rtol: 1e-6, atol: 1e-6 });
  });

  test("names that are one", () => {
    expect(nn.maeLoss).toBe(nn.l1Loss);
    expect(nn.bernoulliNllLoss).toBe(nn.bceWithLogits);
    expect(nn.categoricalNllLoss).toBe(nn.crossEntropy);
  });
});

describe("derivatives agree with finite differences", () => {
  const probabilities = float64([0.2, 0.7, 0.5, 0.9]);
  const weight = float64([0.5, 2, 1]);
  const variance = float64([0.5, 1, 2, 0.3]);
  const log = scores.logSoftmax(-1);
  const cases: readonly [string, (...xs: Tensor[]) => Tensor, readonly Tensor[], 1 | 2][] = [
    ["l1Loss", (x, y) => nn.l1Loss(x, y), [a, b], 1],
    ["huberLoss", (x, y) => nn.huberLoss(x, y, { delta: 0.7 }), [a, b], 1],
    ["smoothL1Loss", (x, y) => nn.smoothL1Loss(x, y, { beta: 0.7 }), [a, b], 1],
    ["bceLoss", (p, t) => nn.bceLoss(p, t), [probabilities, float64([0.1, 0.8, 0.3, 0.6])], 2],
    ["nllLoss", (x) => nn.nllLoss(x, labels, { weight }), [log], 2],
    ["crossEntropy", (z) => nn.crossEntropy(z, labels, { weight, ignoreIndex: 0 }), [scores], 2],
    ["klDiv", (x, t) => nn.klDiv(x, t), [log, scores.softmax(-1)], 2],
    ["klDiv of logs", (x, t) => nn.klDiv(x, t, { logTarget: true }), [log, scores.logSoftmax(0)], 2],
    ["hingeLoss", (x) => nn.hingeLoss(x, signs), [a.mul(1.5)], 1],
    ["multiMarginLoss", (z) => nn.multiMarginLoss(z, labels, { p: 2, margin: 0.9 }), [scores], 1],
    ["cosineSimilarityLoss", (x, y) => nn.cosineSimilarityLoss(x, y), [a, b], 2],
    ["cosineEmbeddingLoss", (x, y) => nn.cosineEmbeddingLoss(x, y, int32(-1)), [a, b], 2],
    ["gaussianNllLoss", (m, t, v) => nn.gaussianNllLoss(m, t, v), [a, b, variance], 2],
    ["poissonNllLoss", (x) => nn.poissonNllLoss(x, float64([0, 1, 3, 7])), [a], 2],
    ["focalLoss", (z) => nn.focalLoss(z, labels, { gamma: 1.5, weight }), [scores], 2],
    ["binaryFocalLoss", (z) => nn.binaryFocalLoss(z, probabilities, { gamma: 0.5 }), [a], 2],
  ];
  test.each(cases)("%s", async (_, loss, inputs, order) => {
    await gradCheck(loss, inputs, { order });
  });
});

describe("reductions and weights", () => {
  const losses: readonly [string, (options: nn.LossOptions) => Tensor][] = [
    ["mseLoss", (options) => nn.mseLoss(a, b, options)],
    ["l1Loss", (options) => nn.l1Loss(a, b, options)],
    ["huberLoss", (options) => nn.huberLoss(a, b, options)],
    ["smoothL1Loss", (options) => nn.smoothL1Loss(a, b, options)],
    ["smoothL1Loss β 0", (options) => nn.smoothL1Loss(a, b, { ...options, beta: 0 })],
    ["bceLoss", (options) => nn.bceLoss(a.sigmoid(), b.sigmoid(), options)],
    ["bceWithLogits", (options) => nn.bceWithLogits(a, b.sigmoid(), options)],
    ["crossEntropy", (options) => nn.crossEntropy(scores, labels, options)],
    ["nllLoss", (options) => nn.nllLoss(scores, labels, options)],
    ["klDiv", (options) => nn.klDiv(a, b.sigmoid(), options)],
    ["hingeLoss", (options) => nn.hingeLoss(a, signs, options)],
    ["multiMarginLoss", (options) => nn.multiMarginLoss(scores, labels, options)],
    ["cosineSimilarityLoss", (options) => nn.cosineSimilarityLoss(scores, scores.exp(), options)],
    ["cosineEmbeddingLoss", (options) => nn.cosineEmbeddingLoss(scores, scores.exp(), signs, options)],
    ["gaussianNllLoss", (options) => nn.gaussianNllLoss(a, b, 2, options)],
    ["poissonNllLoss", (options) => nn.poissonNllLoss(a, b.exp(), options)],
    ["focalLoss", (options) => nn.focalLoss(scores, labels, options)],
    ["binaryFocalLoss", (options) => nn.binaryFocalLoss(a, b.sigmoid(), options)],
  ];
  test.each(losses)("%s", async (_, loss) => {
    const each = Array.from(await loss(none).data());
    expect(each).toHaveLength(4);
    const weights = [2, 0, 0.5, 1];
    const sampleWeight = float64(weights);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const weighted = each.map((value, i) => value * weights[i]!);
    const options = { sampleWeight };
    expectClose(await loss({ ...none, sampleWeight }).data(), weighted);
    expect(await loss({ reduction: "sum" }).item()).toBeCloseTo(sum(each), 12);
    expect(await loss({}).item()).toBeCloseTo(sum(each) / 4, 12);
    expect(await loss(options).item()).toBeCloseTo(sum(weighted) / 4, 12);
    expect(() => loss({ sampleWeight: zeros([3]) })).toThrow(ShapeError);
    expect(() => loss({ reduction: "avg" as never })).toThrow(OptionError);
  });

  test("a weight an example spreads over its elements", async () => {
    const [x, y] = [zeros([2, 3]), tensor([[1, 1, 1], [2, 2, 2]])]; // prettier-ignore
    const loss = nn.mseLoss(x, y, { sampleWeight: tensor([1, 10]), reduction: "none" });
    expect(await loss.toArray()).toEqual([[1, 1, 1], [40, 40, 40]]); // prettier-ignore
    expect(messageOf(() => nn.mseLoss(x, y, { sampleWeight: zeros([3]) }))).toContain(
      "sampleWeight must have the shape of the losses, [2, 3], or of their leading axes, not [3]",
    );
  });

  test("class weights: the mean divides by their sum, and what is ignored counts in neither", async () => {
    const each = Array.from(await nn.crossEntropy(scores, labels, none).data());
    const weight = float64([0.5, 2, 1]);
    const mean = nn.crossEntropy(scores, labels, { weight });
    const weighted = each[0]! + 0.5 * each[1]! + 2 * each[2]! + 2 * each[3]!;
    expect(await mean.item()).toBeCloseTo(weighted / 5.5, 12);
    const holed = nn.crossEntropy(scores, int32([2, -100, 1, 1]), { weight, ignoreIndex: -100 });
    expect(await holed.item()).toBeCloseTo((weighted - 0.5 * each[1]!) / 5, 12);
    const gradient = await holed.gradient(scores)[0]!.data();
    expect([...gradient.subarray(3, 6)].map(Math.abs)).toEqual([0, 0, 0]);
    const all = nn.crossEntropy(scores, int32([7, 7, 7, 7]), { ignoreIndex: 7 });
    expect(await all.item()).toBeNaN();
  });

  test("batchMean is the divergence of an example", async () => {
    const [p, q] = [float64([0.5, 0.5, 0.9, 0.1], [2, 2]), float64([0.25, 0.75, 0.5, 0.5], [2, 2])];
    const expected =
      (0.25 * Math.log(0.5) + 0.75 * Math.log(1.5) + 0.5 * Math.log(5 / 9) + 0.5 * Math.log(5)) / 2;
    expect(await nn.klDiv(p.log(), q, { reduction: "batchMean" }).item()).toBeCloseTo(expected, 12);
    expect(await nn.klDiv(p.log(), q.log(), { logTarget: true }).item()).toBeCloseTo(expected / 2, 12);
  });
});

describe("at the edges", () => {
  test("losses of large values are finite with finite gradients", async () => {
    const huge = tensor([[1e4, -1e4, 0]]);
    const hot = tensor([1e4, -1e4, 1e4, -1e4]);
    const flags = tensor([1, 0, 0, 1]);
    const cases: readonly [Tensor, Tensor][] = [
      [nn.focalLoss(huge, int32([0]), { gamma: 0.5 }), huge],
      [nn.focalLoss(huge, int32([1])), huge],
      [nn.multiMarginLoss(huge, int32([1])), huge],
      [nn.binaryFocalLoss(hot, flags, { gamma: 0.5 }), hot],
      [nn.bceLoss(hot.sigmoid(), flags), hot],
      [nn.huberLoss(hot, flags), hot],
      [nn.crossEntropy(huge, int32([1]), { weight: tensor([1, 2, 3]), labelSmoothing: 0.1 }), huge],
    ];
    for (const [i, [loss, source]] of cases.entries()) {
      expect(Number.isFinite(await loss.item()), `loss ${i}`).toBe(true);
      const gradient = await loss.gradient(source)[0]!.data();
      expect(gradient.every(Number.isFinite), `gradient ${i}`).toBe(true);
    }
  });

  test("NaN and infinite predictions show in the loss", async () => {
    for (const bad of [Number.NaN, Infinity]) {
      const x = tensor([bad, 1]);
      const expected = Number.isNaN(bad) ? Number.NaN : Infinity;
      for (const loss of [nn.mseLoss, nn.l1Loss, nn.huberLoss, nn.smoothL1Loss]) {
        expect(await loss(x, zeros([2])).item()).toBe(expected);
      }
    }
    expect(await nn.huberLoss(tensor([Infinity]), zeros([1])).item()).toBe(Infinity);
    const far = tensor([Infinity, -Infinity]);
    expect(
      await nn
        .huberLoss(far, zeros([2]))
        .gradient(far)[0]!
        .toArray(),
    ).toEqual([0.5, -0.5]);
  });

  test("vectors of zeros are at right angles to all, and leave gradients finite", async () => {
    const zero = float64([0, 0]);
    const other = float64([1, 2]);
    expect(await nn.cosineSimilarity(zero, other).item()).toBe(0);
    const short = nn.cosineEmbeddingLoss(float64([1e-6, 0]), float64([1e-6, 0]), int32(1));
    expect(await short.item()).toBeCloseTo(0.5, 12);
    const gradient = await nn.cosineEmbeddingLoss(zero, other, int32(1)).gradient(zero)[0]!.data();
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test("a variance below the floor counts as the floor, and is still pushed", async () => {
    const variance = float64([1e-12]);
    const loss = nn.gaussianNllLoss(float64([0]), float64([1e-3]), variance, { eps: 1e-6 });
    expect(await loss.item()).toBeCloseTo(0.5 * (Math.log(1e-6) + 1), 10);
    expect((await loss.gradient(variance)[0]!.data())[0]).toBeCloseTo(0.5 * (1e6 - 1e6), 4);
  });

  test("counts of none and one have no Stirling term", async () => {
    const [x, t] = [zeros([3]), tensor([0, 1, 2])];
    const extra = nn.poissonNllLoss(x, t, { ...none, full: true }).sub(nn.poissonNllLoss(x, t, none));
    await expectClose(extra, [0, 0, 2 * Math.log(2) - 2 + 0.5 * Math.log(4 * Math.PI)]);
  });
});

describe("bad input", () => {
  test("probabilities outside [0, 1]: given as numbers they are refused, computed they give NaN", async () => {
    expect(() => nn.bceLoss(tensor([0.5, 3]), tensor([0, 1]))).toThrow(NumericError);
    expect(messageOf(() => nn.bceLoss(tensor([0.5, 3]), tensor([0, 1])))).toBe(
      "NumericError: bceLoss: predictions are probabilities in [0, 1], and element 1 is 3; " +
        "give logits to bceWithLogits",
    );
    expect(() => nn.bceLoss(tensor([1 + 1e-6]), tensor([1]))).toThrow(NumericError);
    expect(() => nn.bceLoss(tensor([0.5]), tensor([-1]))).toThrow("targets are probabilities in [0, 1]");
    expect(() => nn.crossEntropy(zeros([1, 2]), tensor([[-1, 2]]))).toThrow(NumericError);
    const rounded = nn.crossEntropy(zeros([1, 2]), tensor([[-1e-7, 1 + 2 ** -23]]));
    expect(await rounded.item()).toBeCloseTo(Math.LN2, 5);
    for (const logit of [2, -2]) {
      expect(await nn.bceLoss(tensor([logit]).mul(3), tensor([1])).item()).toBeNaN();
      expect(await nn.bceLoss(tensor([logit]).mul(3), tensor([0])).item()).toBeNaN();
    }
    debug({ nanCheck: true });
    try {
      expect(() => nn.bceLoss(tensor([2]).mul(3), tensor([1]))).toThrow(NumericError);
    } finally {
      debug({ eager: false, nanCheck: false });
    }
  });

  test("in a captured function nothing is there to be looked at, and the loss is the same", async () => {
    const run = compile((p: Tensor, t: Tensor) => [nn.bceLoss(p, t), nn.gaussianNllLoss(p, t, t)]);
    const [p, t] = [tensor([0.5, 0.25]), tensor([1, 0.5])];
    const [bce, gauss] = run(p, t);
    expect(await bce!.item()).toBe(await nn.bceLoss(p, t).item());
    expect(await gauss!.item()).toBe(await nn.gaussianNllLoss(p, t, t).item());
  });

  test("negative variances", () => {
    expect(() => nn.gaussianNllLoss(zeros([1]), zeros([1]), -1)).toThrow(NumericError);
    expect(() => nn.gaussianNllLoss(zeros([1]), zeros([1]), tensor([-1]))).toThrow("a variance is -1");
  });

  test("shapes that would broadcast to a wrong loss", () => {
    const [x, y] = [zeros([3, 1]), zeros([3])];
    const { l1Loss, huberLoss, smoothL1Loss, bceLoss, klDiv, hingeLoss, poissonNllLoss, binaryFocalLoss } =
      nn;
    for (const loss of [
      l1Loss,
      huberLoss,
      smoothL1Loss,
      bceLoss,
      klDiv,
      hingeLoss,
      poissonNllLoss,
      binaryFocalLoss,
      nn.cosineSimilarityLoss,
    ]) {
      expect(() => loss(x, y), loss.name).toThrow(ShapeError);
    }
    expect(() => nn.gaussianNllLoss(x, y, 1)).toThrow(ShapeError);
    expect(messageOf(() => nn.gaussianNllLoss(zeros([4, 3]), zeros([4, 3]), zeros([3])))).toContain(
      "the variance is [4, 3], [4, 1] or [4], not [3]",
    );
    expect(() => nn.cosineEmbeddingLoss(zeros([2, 3]), zeros([2, 3]), zeros([3]))).toThrow(
      "for vectors [2, 3] the target is [2], not [3]",
    );
    expect(() => nn.multiMarginLoss(zeros([2, 3, 4]), zeros([2, 4], { dtype: "int32" }))).toThrow(ShapeError);
  });

  test("labels that are none", async () => {
    const x = zeros([2, 3]);
    for (const loss of [nn.nllLoss, nn.multiMarginLoss, nn.focalLoss]) {
      expect(() => loss(x, zeros([2])), loss.name).toThrow(DtypeError);
      expect(() => loss(x, int32([0])), loss.name).toThrow(ShapeError);
      expect(() => loss(x, int32([0, 1]), { weight: zeros([2]) }), loss.name).toThrow("weight must be [3]");
      await expect(loss(x, int32([0, 3])).data(), loss.name).rejects.toThrow(IndexError);
    }
    expect(() => nn.crossEntropy(x, int32([0, 1]), { ignoreIndex: 0.5 })).toThrow(OptionError);
    expect(() => nn.nllLoss(int32([[1, 2]]), int32([0]))).toThrow(DtypeError);
  });

  test("options outside their range", () => {
    const [x, y] = [zeros([1]), zeros([1])];
    expect(() => nn.huberLoss(x, y, { delta: 0 })).toThrow("huberLoss: delta must be > 0, not 0");
    expect(() => nn.smoothL1Loss(x, y, { beta: -1 })).toThrow(OptionError);
    expect(() => nn.multiMarginLoss(zeros([1, 2]), int32([0]), { p: 3 as never })).toThrow(
      "p is 1 or 2, not 3",
    );
    expect(() => nn.focalLoss(zeros([1, 2]), int32([0]), { gamma: -1 })).toThrow(OptionError);
    expect(() => nn.binaryFocalLoss(x, y, { alpha: 2 })).toThrow("alpha must be in [0, 1], not 2");
  });
});
