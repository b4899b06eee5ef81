import {
  DtypeError,
  explain,
  IndexError,
  OptionError,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import { bceWithLogits, crossEntropy, mseLoss, type Reduction } from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { int32, messageOf } from "./setup.ts";

const float64 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  tensor(Float64Array.from(values), { shape });

const scores = float64([0.2, -1, 3, 1, 1, -2.5, 0, 0.7, 0.1, -0.3, 2, 1.5], [4, 3]);

describe("crossEntropy", () => {
  test("by hand: even logits cost log(classes), and the gradient is softmax − one-hot", async () => {
    const logits = float64([0, 0, 0, 0], [1, 4]);
    const loss = crossEntropy(logits, int32([2]));
    expect(await loss.item()).toBeCloseTo(Math.log(4), 12);
    const [gradient] = loss.gradient(logits);
    await expectClose(gradient!, [0.25, 0.25, -0.75, 0.25]);
  });

  test("reductions", async () => {
    const labels = int32([2, 0, 1, 1]);
    const each = Array.from(await crossEntropy(scores, labels, { reduction: "none" }).data());
    expect(each).toHaveLength(4);
    const total = each.reduce((sum, value) => sum + value, 0);
    expect(await crossEntropy(scores, labels, { reduction: "sum" }).item()).toBeCloseTo(total, 12);
    expect(await crossEntropy(scores, labels).item()).toBeCloseTo(total / 4, 12);
  });

  test("class indices and one-hot rows agree, uint8 labels too, smoothed or not", async () => {
    const labels = [2, 0, 1, 1];
    const oneHot = labels.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0)));
    for (const labelSmoothing of [0, 0.1, 1]) {
      const options = { labelSmoothing, reduction: "none" } as const;
      const byIndex = crossEntropy(scores, int32(labels), options);
      await expectClose(crossEntropy(scores, float64(oneHot, [4, 3]), options), byIndex);
      await expectClose(crossEntropy(scores, tensor(Uint8Array.from(labels)), options), byIndex);
    }
  });

  test("the class axis of images is 1, of a vector 0", async () => {
    const logits = scores.reshape(1, 4, 3).transpose(1, 2);
    const expected = crossEntropy(scores, int32([2, 0, 1, 1]), { reduction: "none" });
    const seen = crossEntropy(logits, int32([[2, 0, 1, 1]]), { reduction: "none" });
    expect(seen.shape).toEqual([1, 4]);
    await expectClose(seen.flatten(), expected);
    const single = crossEntropy(float64([1, 2, 3]), int32(2));
    expect(single.shape).toEqual([]);
    expect(await single.item()).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 12);
  });

  test("logits of 1e4 lose no digits", async () => {
    const logits = tensor([[1e4, 1e4 + 1, -1e4]]);
    expect(await crossEntropy(logits, int32([0])).item()).toBeCloseTo(1 + Math.log(1 + Math.exp(-1)), 6);
  });

  test("gradients agree with finite differences", async () => {
    const labels = int32([2, 0, 1, 1]);
    const target = scores.softmax(0);
    for (const reduction of ["mean", "sum", "none"] satisfies Reduction[]) {
      const options = { reduction, labelSmoothing: 0.2 };
      await gradCheck((z) => crossEntropy(z, labels, options), [scores], { order: 2 });
      await gradCheck((z, t) => crossEntropy(z, t, options), [scores, target]);
    }
  });

  test("its gradient has no scatter, and forward and backward take few kernels", () => {
    const logits = tensor([[1, 2, 3], [3, 2, 1]]); // prettier-ignore
    const loss = crossEntropy(logits, int32([0, 1]));
    const kinds = explain(loss, ...loss.gradient(logits)).kernels.map(({ kernel }) => kernel.kind);
    expect(kinds).not.toContain("scatterAdd");
    expect(kinds.length, kinds.join()).toBeLessThanOrEqual(6);
  });

  test("a label that is no class is an IndexError", async () => {
    for (const label of [3, -1]) {
      const loss = crossEntropy(scores, int32([0, 1, label, 0]));
      await expect(loss.item(), String(label)).rejects.toThrow(IndexError);
    }
  });

  test("bad calls are refused at once", () => {
    const logits = zeros([4, 3]);
    expect(() => crossEntropy(logits, int32([0, 1]))).toThrow(ShapeError);
    expect(messageOf(() => crossEntropy(logits, zeros([4, 2])))).toContain(
      "for logits [4, 3] the target is class indices [4] or probabilities [4, 3], not [4, 2]",
    );
    expect(() => crossEntropy(logits, tensor([0, 1, 2, 0]))).toThrow(DtypeError);
    expect(messageOf(() => crossEntropy(logits, tensor([0, 1, 2, 0])))).toContain('target.cast("int32")');
    expect(() => crossEntropy(int32([[1, 2]]), int32([0]))).toThrow(
      "logits are float32 or float64, not int32",
    );
    expect(() => crossEntropy(tensor(1), int32(0))).toThrow("a class axis");
    expect(() => crossEntropy(logits, int32([0, 0, 0, 0]), { labelSmoothing: 2 })).toThrow(OptionError);
    expect(() => crossEntropy(logits, int32([0, 0, 0, 0]), { reduction: "avg" as never })).toThrow(
      'not "avg"',
    );
  });
});

describe("mseLoss", () => {
  test("by hand", async () => {
    const [prediction, target] = [float64([1, 2, 4]), float64([0, 2, 1])];
    expect(await mseLoss(prediction, target, { reduction: "none" }).toArray()).toEqual([1, 0, 9]);
    expect(await mseLoss(prediction, target, { reduction: "sum" }).item()).toBe(10);
    expect(await mseLoss(prediction, target).item()).toBeCloseTo(10 / 3, 12);
    const [gradient] = mseLoss(prediction, target).gradient(prediction);
    await expectClose(gradient!, [2 / 3, 0, 2]);
    await gradCheck((a, b) => mseLoss(a, b), [prediction, target], { order: 2 });
  });

  test("shapes that would broadcast to a wrong loss are refused", () => {
    expect(messageOf(() => mseLoss(zeros([3, 1]), zeros([3])))).toBe(
      "ShapeError: mseLoss: prediction [3, 1] and target [3] must have one shape; reshape one of them",
    );
  });
});

describe("bceWithLogits", () => {
  const logits = float64([0, 2, -3, 0.5]);
  const target = float64([1, 0, 0.25, 1]);

  test("by hand: a logit of 0 costs log 2, and the gradient is σ(z) − t", async () => {
    expect(await bceWithLogits(float64([0]), float64([1])).item()).toBeCloseTo(Math.LN2, 12);
    const [gradient] = bceWithLogits(logits, target, { reduction: "sum" }).gradient(logits);
    await expectClose(gradient!, logits.sigmoid().sub(target));
  });

  test("a weight of the positive class scales its term only", async () => {
    const zs = Array.from(await logits.data());
    const ts = Array.from(await target.data());
    const expected = zs.map((z, i) => {
      const p = 1 / (1 + Math.exp(-z));
      return -(3 * ts[i]! * Math.log(p) + (1 - ts[i]!) * Math.log(1 - p));
    });
    await expectClose(bceWithLogits(logits, target, { posWeight: 3, reduction: "none" }), expected);
    await expectClose(
      bceWithLogits(logits, target, { posWeight: float64([3]), reduction: "none" }),
      expected,
    );
  });

  test("does not overflow, takes labels of any dtype", async () => {
    const loss = bceWithLogits(tensor([1000, -1000, 1000]), int32([1, 0, 0]), { reduction: "none" });
    expect(await loss.toArray()).toEqual([0, 0, 1000]);
    const bool = bceWithLogits(tensor([0]), tensor([true]));
    expect(await bool.item()).toBeCloseTo(Math.LN2, 6);
  });

  test("gradients agree with finite differences", async () => {
    await gradCheck((z, t) => bceWithLogits(z, t, { posWeight: 2 }), [logits, target], { order: 2 });
  });

  test("shapes must be the same", () => {
    expect(() => bceWithLogits(zeros([2]), zeros([2, 1]))).toThrow(ShapeError);
  });
});
