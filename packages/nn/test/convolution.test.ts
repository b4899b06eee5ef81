import {
  compile,
  explain,
  Generator,
  OptionError,
  random,
  realize,
  realizeSync,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import {
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  summary,
  type Module,
} from "@chainrule/nn";
import { constant } from "@chainrule/nn/init";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const float64 = (seed: number, shape: readonly number[]): Tensor =>
  random.normal(shape, { generator: new Generator(seed), dtype: "float64" });

test("a convolution by hand", async () => {
  const layer = new Conv2d(1, 1, 2, { biasInit: constant(10) });
  layer.weight.assign(tensor([[[[1, 2], [3, 4]]]])); // prettier-ignore
  const x = tensor([[[[1, 0, 2], [0, 1, 0], [3, 0, 0]]]]); // prettier-ignore
  expect(await layer.forward(x).toArray()).toEqual([[[[15, 17], [21, 11]]]]); // prettier-ignore
});

test("a transposed convolution by hand: each element spreads by the kernel", async () => {
  const layer = new ConvTranspose1d(1, 1, 3, { stride: 2, bias: false });
  layer.weight.assign(tensor([[[1, 10, 100]]]));
  expect(await layer.forward(tensor([[[1, 2, 3]]])).toArray()).toEqual([[[1, 10, 102, 20, 203, 30, 300]]]);
});

test("a transposed convolution is the transpose: ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩", async () => {
  const options = { stride: 2, padding: 1, groups: 2, bias: false, dtype: "float64" } as const;
  const conv = new Conv2d(4, 6, 3, options);
  const transposed = new ConvTranspose2d(6, 4, 3, options);
  transposed.weight.assign(conv.weight);
  const [x, y] = [float64(1, [2, 4, 7, 5]), float64(2, [2, 6, 4, 3])];
  await expectClose(conv.forward(x).mul(y).sum(), x.mul(transposed.forward(y)).sum());
});

test("the whole batch is one product, and so is each gradient", () => {
  const layer = new Conv2d(3, 8, 3, { padding: 1 });
  const x = zeros([16, 3, 10, 10]).add(random.normal([]));
  const y = layer.forward(x);
  const dots = (...values: Tensor[]): number =>
    explain(...values).kernels.filter(({ kernel }) => kernel.kind === "dot").length;
  expect(dots(y)).toBe(1);
  const grads = y.square().sum().gradient(x, layer.weight, layer.bias!);
  expect(dots(y, ...grads)).toBe(3);
  expect(explain(y, ...grads).kernels.map(({ kernel }) => kernel.kind)).not.toContain("scatterAdd");
});

test("no step of training stores the windows of its input, nor computes the first layer's input gradient", () => {
  const [first, second] = [
    new Conv2d(3, 8, 5, { padding: 2 }),
    new Conv2d(8, 16, 3, { stride: 2, padding: 1 }),
  ];
  const x = random.normal([4, 3, 16, 16]);
  realizeSync(x);
  const y = second.forward(first.forward(x).relu());
  const parameters = [...first.parameters(), ...second.parameters()];
  const { kernels, slots } = explain(
    y,
    ...y
      .square()
      .sum()
      .gradient(...parameters),
  );
  // Forward and weight gradient of both, input gradient of the second.
  expect(kernels.filter(({ kernel }) => kernel.kind === "dot")).toHaveLength(5);
  // Nothing is larger than the padded output of the first layer, where a column would have 25 elements for each of x.
  expect(Math.max(...slots.map(({ length }) => length))).toBe(4 * 8 * 18 * 18);
});

describe("derivatives of finite differences, first and second order", () => {
  test.each([
    ["plain", [1, 2, 3, 4], { padding: 1 }],
    ["strided and dilated", [1, 2, 5, 4], { stride: 2, dilation: 2, padding: [1, 2] }],
    ["grouped", [2, 2, 3, 3], { groups: 2, stride: 2, padding: 1 }],
    ["reflected", [1, 2, 3, 3], { padding: 1, paddingMode: "reflect" }],
  ] as const)("Conv2d, %s", async (_, shape, options) => {
    const layer = new Conv2d(2, 2, 2, { ...options, dtype: "float64", generator: new Generator(1) });
    const run = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
      Object.assign(layer, { weight, bias }).forward(x).tanh();
    const w = float64(4, layer.weight.shape);
    await gradCheck(run, [float64(3, shape), w, float64(5, [2])], { order: 2 });
  });

  test("Conv1d and Conv3d", async () => {
    const line = new Conv1d(2, 2, 3, { padding: "same", dtype: "float64" });
    await gradCheck((x) => line.forward(x).tanh(), [float64(6, [2, 2, 4])], { order: 2 });
    const volume = new Conv3d(1, 2, 2, { dtype: "float64" });
    await gradCheck((x) => volume.forward(x).tanh(), [float64(7, [1, 1, 2, 3, 2])], { order: 2 });
  });

  test("ConvTranspose2d", async () => {
    const layer = new ConvTranspose2d(2, 1, 2, { stride: 2, padding: 1, outputPadding: 1, dtype: "float64" });
    const x = float64(8, [1, 2, 2, 3]);
    const run = (x: Tensor, weight: Tensor): Tensor => Object.assign(layer, { weight }).forward(x).tanh();
    await gradCheck(run, [x, float64(9, layer.weight.shape)], { order: 2 });
  });
});

test("starts as PyTorch does: uniform in ±1/√fanIn", async () => {
  for (const layer of [new Conv2d(8, 64, 3, { groups: 2 }), new ConvTranspose2d(64, 8, 3, { groups: 2 })]) {
    const values = Array.from(await layer.weight.data());
    const bound = 1 / 6;
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    expect(variance).toBeCloseTo(bound ** 2 / 3, 3);
    expect(Math.max(...Array.from(await layer.bias!.data()).map(Math.abs))).toBeLessThanOrEqual(bound);
  }
});

test("summaries count a multiply-add for each use of a weight", () => {
  const forward = (layer: Module, ...shape: number[]): number | null => summary(layer, shape).forward;
  expect(forward(new Conv2d(3, 8, 5, { padding: 2, stride: 2 }), 4, 3, 8, 8)).toBe(4 * 8 * 16 * 75);
  expect(forward(new Conv2d(4, 4, 3, { groups: 4 }), 1, 4, 5, 5)).toBe(4 * 9 * 9);
  expect(forward(new ConvTranspose2d(3, 8, 2, { stride: 2 }), 2, 3, 4, 4)).toBe(2 * 3 * 16 * 8 * 4);
});

test("names and options show", () => {
  expect(Object.keys(new Conv2d(1, 2, 3).stateDict())).toEqual(["weight", "bias"]);
  expect(Object.keys(new ConvTranspose1d(1, 2, 3, { bias: false }).stateDict())).toEqual(["weight"]);
  expect(String(new Conv2d(2, 4, [3, 1], { padding: 1, dilation: 2, groups: 2 }))).toBe(
    "Conv2d(2, 4, kernelSize=[3, 1], stride=1, padding=[[1,1],[1,1]], paddingMode=zeros, dilation=2, groups=2, bias=true)",
  );
});

test("captured it does what it does uncaptured, bit for bit", async () => {
  const train = (): { layer: Conv2d; step: (x: Tensor) => Tensor } => {
    const layer = new Conv2d(2, 3, 3, { padding: 1, stride: 2, generator: new Generator(1) });
    return {
      layer,
      step: (x) => {
        const loss = layer.forward(x).square().mean();
        const [dw, db] = loss.gradient(layer.weight, layer.bias!);
        layer.weight.assign(layer.weight.sub(dw!.mul(0.1)));
        layer.bias!.assign(layer.bias!.sub(db!.mul(0.1)));
        return loss;
      },
    };
  };
  const [plain, captured] = [train(), train()];
  const step = compile(captured.step);
  for (let i = 0; i < 4; i++) {
    const x = random.normal([2, 2, 6, 5], { generator: new Generator(i) });
    const loss = plain.step(x);
    await realize(loss, plain.layer.weight, plain.layer.bias!);
    expect(await step(x).item()).toBe(await loss.item());
    expect(await captured.layer.weight.data()).toEqual(await plain.layer.weight.data());
  }
});

describe("bad input", () => {
  test("axes and channels", () => {
    const layer = new Conv2d(3, 4, 3);
    expect(() => layer.forward(zeros([3, 8, 8]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([2, 1, 8, 8])))).toContain(
      "Conv2d(3, 4): the input must be [N, 3, H, W], but its shape is [2, 1, 8, 8]",
    );
    expect(messageOf(() => new Conv1d(3, 4, 3).forward(zeros([2, 3, 8, 8])))).toContain("[N, 3, L]");
    expect(messageOf(() => new Conv3d(3, 4, 3).forward(zeros([2, 3, 8, 8])))).toContain("[N, 3, D, H, W]");
    expect(messageOf(() => new ConvTranspose2d(3, 4, 3).forward(zeros([2, 4, 8, 8])))).toContain(
      "ConvTranspose2d(3, 4): the input must be [N, 3, H, W], but its shape is [2, 4, 8, 8]",
    );
  });

  test("a kernel larger than its padded input", () => {
    const layer = new Conv2d(1, 1, 5, { padding: 1, dilation: 2 });
    expect(() => layer.forward(zeros([1, 1, 20, 6]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([1, 1, 20, 6])))).toContain(
      "the kernel spans [9, 9], which is larger than the padded input, [22, 8]",
    );
  });

  test("groups that do not divide", () => {
    expect(() => new Conv2d(4, 6, 3, { groups: 4 })).toThrow(OptionError);
    expect(messageOf(() => new Conv2d(4, 6, 3, { groups: 4 }))).toContain(
      "Conv2d: 4 groups do not divide 4 input and 6 output channels evenly",
    );
    expect(() => new ConvTranspose2d(3, 4, 3, { groups: 2 })).toThrow(OptionError);
  });

  test("an output of no size", () => {
    const layer = new ConvTranspose2d(1, 1, 2, { padding: 2 });
    expect(() => layer.forward(zeros([1, 1, 2, 2]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([1, 1, 2, 2])))).toContain(
      "padding 2 leaves nothing of the output [3, 3] for an input of [1, 1, 2, 2]",
    );
  });

  test("numbers that are none", () => {
    expect(() => new Conv2d(0, 1, 3)).toThrow(OptionError);
    expect(() => new Conv2d(1, 1, 0)).toThrow("kernelSize is a whole number ≥ 1, or 2 of them, not 0");
    expect(() => new Conv2d(1, 1, [3, 3, 3])).toThrow("not [3,3,3]");
    expect(() => new Conv2d(1, 1, 3, { padding: -1 })).toThrow("padding is a whole number ≥ 0");
    expect(() => new Conv2d(1, 1, 3, { stride: 2, padding: "same" })).toThrow(
      '"same" padding is for stride 1',
    );
    expect(() => new Conv2d(1, 1, 3, { padding: "full" as never })).toThrow('not "full"');
    expect(() => new Conv2d(1, 1, 3, { paddingMode: "zero" as never })).toThrow('not "zero"');
    expect(() => new ConvTranspose1d(1, 1, 3, { outputPadding: 1 })).toThrow("below stride or dilation");
    expect(() =>
      new Conv2d(1, 1, 3, { padding: 3, paddingMode: "reflect" }).forward(zeros([1, 1, 3, 9])),
    ).toThrow("reflect padding of [3, 3] needs an axis of at least 4 elements");
  });
});
