import { Generator, OptionError, random, ShapeError, tensor, zeros, type Tensor } from "@chainrule/core";
import { LayerNorm, RMSNorm, summary } from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const x = random.normal([3, 4], { generator: new Generator(3), dtype: "float64", mean: 1 });

describe("LayerNorm", () => {
  test("by hand: each example has mean 0 and variance 1", async () => {
    const layer = new LayerNorm(3, { eps: 0 });
    const a = Math.sqrt(3 / 2);
    await expectClose(layer.forward(tensor([[1, 2, 3], [0, 5, 10]])), [-a, 0, a, -a, 0, a]); // prettier-ignore
    layer.weight!.assign(tensor([1, 2, 3]));
    layer.bias!.assign(tensor([0, 1, 0]));
    await expectClose(layer.forward(tensor([1, 2, 3])), [-a, 1, 3 * a]);
  });

  test("over several axes takes them together", async () => {
    const y = new LayerNorm([3, 4], { affine: false }).forward(x.reshape(1, 3, 4));
    await expectClose(y.mean(), [0], { atol: 1e-12 });
    await expectClose(y.square().mean(), [1], { atol: 1e-4 });
  });

  test("an example without spread becomes the shift, not NaN", async () => {
    expect(await new LayerNorm(2).forward(tensor([[3, 3]])).toArray()).toEqual([[0, 0]]);
  });

  test("has the derivatives of finite differences, and parameters as told", async () => {
    const layer = new LayerNorm(4, { dtype: "float64" });
    await gradCheck((t) => layer.forward(t), [x], { order: 2 });
    expect(Object.keys(layer.stateDict())).toEqual(["weight", "bias"]);
    expect(Object.keys(new LayerNorm(4, { bias: false }).stateDict())).toEqual(["weight"]);
    expect(new LayerNorm(4, { affine: false }).parameters()).toEqual([]);
    expect(summary(layer, [3, 4]).forward).toBe(12);
    expect(summary(new LayerNorm(4, { affine: false }), [3, 4]).forward).toBe(0);
  });

  test("refuses other sizes", () => {
    expect(() => new LayerNorm(4).forward(zeros([4, 3]))).toThrow(ShapeError);
    expect(messageOf(() => new LayerNorm([2, 4]).forward(zeros([4])))).toContain(
      "LayerNorm(2, 4): the last axes of the input must be [2, 4], but its shape is [4]",
    );
    expect(() => new LayerNorm([])).toThrow(OptionError);
    expect(() => new LayerNorm([3, 0])).toThrow("must be a whole number ≥ 1, not 0");
    expect(() => new LayerNorm(2.5)).toThrow(OptionError);
  });
});

describe("RMSNorm", () => {
  test("by hand: the mean square becomes 1", async () => {
    const layer = new RMSNorm(2, { eps: 0 });
    const a = Math.sqrt(12.5);
    await expectClose(layer.forward(tensor([[3, 4], [-6, 8]])), [3 / a, 4 / a, -3 / a, 4 / a]); // prettier-ignore
    layer.weight!.assign(tensor([2, 0]));
    await expectClose(layer.forward(tensor([3, 4])), [6 / a, 0]);
  });

  test("its default eps is the dtype's spacing", async () => {
    const tiny = (dtype: Tensor["dtype"]): Tensor =>
      new RMSNorm(1, { dtype }).forward(tensor([1e-8], { dtype }));
    expect(await tiny("float32").item()).toBeCloseTo(1e-8 / Math.sqrt(2 ** -23 + 1e-16), 8);
    expect(await tiny("float64").item()).toBeCloseTo(1e-8 / Math.sqrt(2 ** -52 + 1e-16), 8);
  });

  test("has the derivatives of finite differences, and parameters as told", async () => {
    const layer = new RMSNorm(4, { dtype: "float64" });
    await gradCheck((t) => layer.forward(t), [x], { order: 2 });
    expect(Object.keys(layer.stateDict())).toEqual(["weight"]);
    expect(new RMSNorm(4, { affine: false }).parameters()).toEqual([]);
    expect(summary(layer, [3, 4]).forward).toBe(12);
    expect(() => layer.forward(zeros([3]))).toThrow(ShapeError);
    expect(() => new RMSNorm(0)).toThrow(OptionError);
    expect([layer, new LayerNorm(4)].map(String)).toEqual([
      "RMSNorm(4, eps=auto, affine=true)",
      "LayerNorm(4, eps=0.00001, affine=true)",
    ]);
  });
});
