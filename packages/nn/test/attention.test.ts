import {
  Generator,
  gradient,
  OptionError,
  random,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import {
  crossEntropy,
  Embedding,
  lengthMask,
  Linear,
  MultiHeadAttention,
  PositionalEncoding,
  scaledDotProductAttention,
  sinusoidalEncoding,
  TransformerEncoderLayer,
  summary,
} from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { int32, messageOf } from "./setup.ts";

const normal = (seed: number, shape: readonly number[], dtype: "float32" | "float64" = "float64"): Tensor =>
  random.normal(shape, { generator: new Generator(seed), dtype });

test("attention by hand: a key that fits far better is all that is seen", async () => {
  const key = tensor([[100, 0], [0, 100]]); // prettier-ignore
  const value = tensor([[1, 2], [3, 4]]); // prettier-ignore
  await expectClose(scaledDotProductAttention(key, key, value), [1, 2, 3, 4]);
  const even = scaledDotProductAttention(zeros([1, 2]), key, value);
  await expectClose(even, [2, 3]);
});

test("a query sees no key behind it, and one that sees nothing gets zeros", async () => {
  const x = normal(1, [2, 4, 3]);
  const y = scaledDotProductAttention(x, x, x, { causal: true });
  const changed = x.slice(null, [0, 3]);
  await expectClose(
    scaledDotProductAttention(changed, changed, changed, { causal: true }),
    y.slice(null, [0, 3]),
  );
  const none = scaledDotProductAttention(x, x, x, { mask: int32([[1], [0], [1], [1]]) });
  expect(Array.from(await none.slice(0, 1).data())).toEqual([0, 0, 0]);
  const [dx] = gradient(none.sum(), [x]);
  expect((await dx!.data()).every(Number.isFinite)).toBe(true);
});

test("dropout hides weights and keeps their expectation", async () => {
  const options = { dropout: 0.5, generator: new Generator(1) };
  const value = zeros([64, 1]).add(1);
  const y = await scaledDotProductAttention(zeros([200, 2]), zeros([64, 2]), value, options).data();
  expect(new Set(y).size).toBeGreaterThan(5);
  expect(Array.from(y).reduce((sum, each) => sum + each, 0) / 200).toBeCloseTo(1, 1);
});

test("attention of several heads has PyTorch's names and start", async () => {
  const layer = new MultiHeadAttention(8, 2);
  expect(Object.keys(layer.stateDict())).toEqual([
    "in_proj_weight",
    "in_proj_bias",
    "out_proj.weight",
    "out_proj.bias",
  ]);
  expect(Math.max(...Array.from(await layer.inProjWeight!.data()).map(Math.abs))).toBeLessThanOrEqual(
    Math.sqrt(6 / 32),
  );
  expect(await layer.outProj.bias!.sum().item()).toBe(0);
  expect(Object.keys(new TransformerEncoderLayer(8, 2, { feedForward: 4 }).stateDict())).toEqual([
    "self_attn.in_proj_weight",
    "self_attn.in_proj_bias",
    "self_attn.out_proj.weight",
    "self_attn.out_proj.bias",
    "linear1.weight",
    "linear1.bias",
    "linear2.weight",
    "linear2.bias",
    "norm1.weight",
    "norm1.bias",
    "norm2.weight",
    "norm2.bias",
  ]);
});

test("keys and values of other sizes have weights of their own, under PyTorch's names", () => {
  const layer = new MultiHeadAttention(8, 2, { kdim: 5, vdim: 3 });
  const shapes = Object.entries(layer.stateDict()).map(([name, { shape }]) => `${name} ${shape.join()}`);
  expect(shapes).toEqual([
    "q_proj_weight 8,8",
    "k_proj_weight 8,5",
    "v_proj_weight 8,3",
    "in_proj_bias 24",
    "out_proj.weight 8,8",
    "out_proj.bias 8",
  ]);
  expect(String(layer)).toContain("kdim=5, vdim=3");
});

test("attention weights are shares, of which the output is made", async () => {
  const layer = new MultiHeadAttention(4, 2, { batchFirst: true }).eval();
  const x = normal(9, [3, 5, 4], "float32");
  const masks = { causal: true, keyMask: lengthMask([3, 5, 1], 5) };
  const [output, weights] = layer.attend(x, null, null, { ...masks, averageWeights: false });
  expect(weights.shape).toEqual([3, 2, 5, 5]);
  await expectClose(output, layer.forward(x, null, null, masks));
  await expectClose(weights.sum(-1), zeros([3, 2, 5]).add(1));
  await expectClose(weights.mul(weights.triu(1).notEqual(0)), zeros([3, 2, 5, 5]));
  const [, mean] = layer.attend(x, null, null, masks);
  await expectClose(mean, weights.mean(1));
});

test("padding leaves what is not padding alone", async () => {
  const layer = new TransformerEncoderLayer(4, 2, { feedForward: 8, batchFirst: true }).eval();
  const x = normal(2, [2, 5, 4], "float32");
  const padded = layer.forward(x, { keyMask: lengthMask([3, 5]) });
  const alone = layer.forward(x.slice([0, 1], [0, 3]));
  await expectClose(padded.slice([0, 1], [0, 3]), alone);
});

describe("derivatives of finite differences, first and second order", () => {
  test("MultiHeadAttention", async () => {
    const layer = new MultiHeadAttention(4, 2, { dtype: "float64", batchFirst: true });
    await gradCheck((x) => layer.forward(x, null, null, { causal: true }), [normal(3, [1, 3, 4])], {
      order: 2,
    });
    const others = [normal(4, [1, 2, 4]), normal(5, [1, 3, 4]), normal(6, [1, 3, 4])];
    await gradCheck((q, k, v) => layer.forward(q, k, v), others);
  });

  test("TransformerEncoderLayer", async () => {
    const layer = new TransformerEncoderLayer(4, 2, {
      dtype: "float64",
      feedForward: 3,
      activation: "gelu",
      dropout: 0,
    });
    await gradCheck((x) => layer.forward(x), [normal(7, [2, 1, 4])], { order: 2 });
  });
});

test("positions by hand", async () => {
  const encoding = sinusoidalEncoding(3, 4, { dtype: "float64" });
  const row = (t: number): number[] => [Math.sin(t), Math.cos(t), Math.sin(t / 100), Math.cos(t / 100)];
  await expectClose(encoding, [...row(0), ...row(1), ...row(2)]);
  const x = normal(8, [2, 3, 4]);
  await expectClose(new PositionalEncoding(4).forward(x), x.add(encoding));
});

test("an embedding tied to its output is one parameter, whose gradients add up", async () => {
  const embedding = new Embedding(7, 4);
  const readOut = new Linear(4, 7, { weight: embedding.weight, bias: false });
  const tokens = int32([1, 2, 5]);
  const loss = crossEntropy(readOut.forward(embedding.forward(tokens)), int32([2, 5, 1]));
  const [tied] = loss.gradient(embedding.weight);
  const apart = new Embedding(7, 4);
  const head = new Linear(4, 7, { bias: false });
  apart.weight.assign(embedding.weight);
  head.weight.assign(embedding.weight);
  const parts = crossEntropy(head.forward(apart.forward(tokens)), int32([2, 5, 1])).gradient(
    apart.weight,
    head.weight,
  );
  await expectClose(tied!, parts[0]!.add(parts[1]!));
});

test("summaries count projections and products", () => {
  const self = summary(new MultiHeadAttention(8, 2, { batchFirst: true }), [3, 5, 8]);
  expect(self.forward).toBe(3 * 5 * 8 * 8 * 4 + 2 * 3 * 5 * 5 * 8);
  const other = summary(new MultiHeadAttention(8, 2), [5, 3, 8], [6, 3, 8]);
  expect(other.forward).toBe((2 * 15 + 2 * 18) * 64 + 2 * 3 * 5 * 6 * 8);
  expect(self.parameters).toBe(4 * 64 + 4 * 8);
});

describe("bad input", () => {
  test("shapes", () => {
    expect(() => scaledDotProductAttention(zeros([3, 4]), zeros([5, 3]), zeros([5, 3]))).toThrow(
      "query, key and value must be [..., T, E], [..., S, E] and [..., S, V], not [3, 4], [5, 3], [5, 3]",
    );
    expect(() =>
      scaledDotProductAttention(zeros([3, 4]), zeros([5, 4]), zeros([5, 4]), { mask: zeros([5, 3]) }),
    ).toThrow("the mask must broadcast to [..., T, S] = [3, 5], but its shape is [5, 3]");
    const layer = new MultiHeadAttention(4, 2);
    expect(() => layer.forward(zeros([3, 4]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([3, 2, 5])))).toContain(
      "MultiHeadAttention(4, 2): query, key and value must be [T, N, 4], [S, N, 4] and [S, N, 4]",
    );
    const others = new MultiHeadAttention(4, 2, { kdim: 3, vdim: 2, batchFirst: true });
    expect(() => others.forward(zeros([3, 2, 4]))).toThrow(
      "must be [N, T, 4], [N, S, 3] and [N, S, 2] with at least one step, not [3, 2, 4], [3, 2, 4], [3, 2, 4]",
    );
    expect(() => layer.forward(zeros([0, 2, 4]))).toThrow("at least one step");
    expect(() => layer.forward(zeros([3, 2, 4]), null, null, { keyMask: zeros([3, 2]) })).toThrow(
      "keyMask must be [N, S] = [2, 3], but its shape is [3, 2]",
    );
    expect(() => new PositionalEncoding(4).forward(zeros([3, 5]))).toThrow("[..., T, 4]");
  });

  test("options", () => {
    expect(() => new MultiHeadAttention(5, 2)).toThrow("2 heads do not divide 5 features");
    expect(() => new MultiHeadAttention(4, 0)).toThrow(OptionError);
    expect(() => new MultiHeadAttention(4, 2, { vdim: 0 })).toThrow(OptionError);
    expect(() => new TransformerEncoderLayer(4, 2, { activation: "tanh" as never })).toThrow('not "tanh"');
    expect(() =>
      scaledDotProductAttention(zeros([1, 2]), zeros([1, 2]), zeros([1, 2]), { dropout: 2 }),
    ).toThrow(OptionError);
  });
});
