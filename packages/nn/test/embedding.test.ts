import { DtypeError, Generator, IndexError, OptionError, ShapeError, tensor, zeros } from "@chainrule/core";
import { crossEntropy, Embedding, Linear, Sequential, summary } from "@chainrule/nn";
import { constant } from "@chainrule/nn/init";
import { gradCheck } from "@chainrule/testkit";
import { expect, test } from "vitest";
import { int32, messageOf } from "./setup.ts";

const table = tensor([[0, 1], [2, 3], [4, 5]]); // prettier-ignore

test("looks rows up by indices of any shape", async () => {
  const layer = new Embedding(3, 2);
  layer.weight.assign(table);
  expect(await layer.forward(int32([2, 0, 2])).toArray()).toEqual([[4, 5], [0, 1], [4, 5]]); // prettier-ignore
  expect(layer.forward(int32([[1, 1], [0, 2]])).shape).toEqual([2, 2, 2]); // prettier-ignore
  expect(await layer.forward(tensor(Uint8Array.of(1))).toArray()).toEqual([[2, 3]]);
  expect(await layer.forward(int32(1)).toArray()).toEqual([2, 3]);
});

test("a row's gradient is the sum over its uses", async () => {
  const layer = new Embedding(3, 2);
  const loss = layer.forward(int32([2, 0, 2])).sum();
  expect(await loss.gradient(layer.weight)[0]!.toArray()).toEqual([[1, 1], [0, 0], [2, 2]]); // prettier-ignore
  const indices = int32([2, 0, 2, 1]);
  await gradCheck((w) => w.take(indices).tanh(), [table.cast("float64")], { order: 2 });
});

test("the padding row starts as zeros and is not trained", async () => {
  for (const paddingIdx of [1, -2]) {
    const layer = new Embedding(3, 2, { paddingIdx, init: constant(7) });
    expect(layer.paddingIdx).toBe(1);
    expect(await layer.weight.toArray()).toEqual([[7, 7], [0, 0], [7, 7]]); // prettier-ignore
    layer.weight.assign(table);
    const y = layer.forward(int32([[1, 2]]));
    expect(await y.toArray()).toEqual([[[2, 3], [4, 5]]]); // prettier-ignore
    expect(await y.sum().gradient(layer.weight)[0]!.toArray()).toEqual([[0, 0], [0, 0], [1, 1]]); // prettier-ignore
  }
});

test("starts normal, by its generator and in its dtype", async () => {
  const layer = new Embedding(100, 50, { generator: new Generator(4), dtype: "float64" });
  const values = Array.from(await layer.weight.data());
  expect(layer.weight.dtype).toBe("float64");
  expect(values.reduce((sum, value) => sum + value ** 2, 0) / values.length).toBeCloseTo(1, 1);
});

test("shares its rows with an output layer, whose gradients add up", async () => {
  const embedding = new Embedding(3, 2);
  const output = new Linear(2, 3, { weight: embedding.weight, bias: false });
  const model = new Sequential(embedding, output);
  expect(model.parameters()).toEqual([embedding.weight]);
  expect(Object.keys(model.stateDict())).toEqual(["0.weight", "1.weight"]);
  const words = int32([0, 2]);
  const inner = new Linear(2, 3, { bias: false });
  inner.weight.assign(embedding.weight);
  const shared = crossEntropy(model.forward(words), int32([2, 1])).gradient(embedding.weight)[0]!;
  const apart = crossEntropy(inner.forward(embedding.forward(words)), int32([2, 1]));
  const [first, second] = apart.gradient(embedding.weight, inner.weight);
  expect(await shared.data()).toEqual(await first!.add(second!).data());
});

test("bad input is named", async () => {
  for (const index of [3, -1]) {
    await expect(new Embedding(3, 2).forward(int32([0, index])).data()).rejects.toThrow(IndexError);
  }
  expect(() => new Embedding(3, 2).forward(zeros([2]))).toThrow(DtypeError);
  expect(() => new Embedding(3, 2, { paddingIdx: 3 })).toThrow(IndexError);
  expect(messageOf(() => new Embedding(3, 2, { paddingIdx: -4 }))).toContain("use -3 … 2");
  expect(() => new Embedding(0, 2)).toThrow(OptionError);
  const { weight } = new Embedding(3, 2);
  expect(() => new Linear(3, 2, { weight })).toThrow(ShapeError);
  expect(messageOf(() => new Embedding(4, 2, { weight }))).toBe(
    "ShapeError: Embedding: the weight must be [4, 2], but the one to share is [3, 2]",
  );
});

test("says its sizes, and looking up multiplies nothing", () => {
  expect(String(new Embedding(3, 2, { paddingIdx: 0 }))).toBe("Embedding(3, 2, paddingIdx=0)");
  expect(summary(new Embedding(3, 2), int32([[0, 1]])).layers[0]).toMatchObject({
    outputShape: [1, 2, 2],
    parameters: 6,
    forward: 0,
  });
});
