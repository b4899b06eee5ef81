import {
  compile,
  DtypeError,
  Generator,
  gradient,
  OptionError,
  random,
  realize,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout2d,
  Fold,
  GlobalAvgPool,
  GroupNorm,
  InstanceNorm,
  MaxPool1d,
  MaxPool2d,
  Pad,
  PixelShuffle,
  Sequential,
  Unfold,
  Upsample,
  summary,
} from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const normal = (seed: number, shape: readonly number[]): Tensor =>
  random.normal(shape, { generator: new Generator(seed), dtype: "float64" });

const image = tensor([[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]]]); // prettier-ignore

test("poolings by hand", async () => {
  expect(await new MaxPool2d(2).forward(image).flatten().toArray()).toEqual([6, 8, 14, 16]);
  expect(await new AvgPool2d(2).forward(image).flatten().toArray()).toEqual([3.5, 5.5, 11.5, 13.5]);
  expect(await new AdaptiveAvgPool2d(1).forward(image).flatten().toArray()).toEqual([8.5]);
  expect(await new AdaptiveMaxPool2d(3).forward(image).flatten().toArray()).toEqual([
    6, 7, 8, 10, 11, 12, 14, 15, 16,
  ]);
  expect(await new GlobalAvgPool().forward(image).toArray()).toEqual([[8.5]]);
  const line = tensor([[[1, -1, 2, 0, 5]]]);
  expect(await new MaxPool1d(3, { stride: 1 }).forward(line).flatten().toArray()).toEqual([2, 2, 5]);
  expect(await new AvgPool1d(2).forward(line).flatten().toArray()).toEqual([0, 1]);
});

test("the first of equal maxima gets the gradient", async () => {
  const x = tensor([[[3, 3, 1, 2, 2, 2]]]);
  const y = new MaxPool1d(3).forward(x);
  const [dx] = gradient(y, [x], { upstream: tensor([[[5, 7]]]) });
  expect(await dx!.flatten().toArray()).toEqual([5, 0, 0, 7, 0, 0]);
});

test("resampling by hand", async () => {
  const x = tensor([[[[1, 2], [3, 4]]]]); // prettier-ignore
  expect(await new Upsample({ scaleFactor: 2 }).forward(x).flatten().toArray()).toEqual([
    1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4,
  ]);
  const aligned = new Upsample({ size: 3, mode: "bilinear", alignCorners: true });
  await expectClose(aligned.forward(x).flatten(), [1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4]);
  expect(await new PixelShuffle(2).forward(tensor([[[[1]], [[2]], [[3]], [[4]]]])).toArray()).toEqual([
    [[[1, 2], [3, 4]]],
  ]); // prettier-ignore
});

test("margins by hand", async () => {
  const x = tensor([1, 2, 3]);
  const padded = async (mode: "zeros" | "reflect" | "replicate"): Promise<unknown> =>
    new Pad([[2, 1]], { mode }).forward(x).toArray();
  expect(await padded("zeros")).toEqual([0, 0, 1, 2, 3, 0]);
  expect(await padded("reflect")).toEqual([3, 2, 1, 2, 3, 2]);
  expect(await padded("replicate")).toEqual([1, 1, 1, 2, 3, 3]);
});

test("Fold adds what Unfold repeated", async () => {
  const columns = new Unfold(2, { padding: 1 }).forward(image);
  expect(columns.shape).toEqual([1, 4, 25]);
  const back = new Fold(4, 2, { padding: 1 }).forward(columns);
  expect(await back.data()).toEqual(await image.mul(4).data());
});

describe("derivatives of finite differences, first and second order", () => {
  test.each([
    ["MaxPool2d", new MaxPool2d(2, { stride: 1, padding: 1 }), [1, 1, 3, 3]],
    ["MaxPool1d", new MaxPool1d(2), [1, 2, 5]],
    ["AvgPool2d", new AvgPool2d([2, 3], { stride: 2, padding: 1, countIncludePad: false }), [1, 1, 4, 4]],
    ["overhanging MaxPool2d", new MaxPool2d(2, { ceilMode: true }), [1, 1, 3, 3]],
    ["overhanging AvgPool1d", new AvgPool1d(3, { stride: 2, padding: 1, ceilMode: true }), [1, 2, 4]],
    ["AdaptiveAvgPool2d", new AdaptiveAvgPool2d([2, 3]), [1, 1, 3, 4]],
    ["AdaptiveMaxPool2d", new AdaptiveMaxPool2d(2), [1, 1, 3, 4]],
    ["GlobalAvgPool", new GlobalAvgPool(), [2, 2, 2, 3]],
    ["Upsample", new Upsample({ scaleFactor: 2, mode: "bilinear" }), [1, 1, 2, 3]],
    ["nearest", new Upsample({ size: [3, 5] }), [1, 1, 2, 3]],
    ["Pad", new Pad(1, { mode: "reflect" }), [1, 1, 2, 3]],
    ["Unfold", new Unfold(2, { stride: 2, padding: 1 }), [1, 1, 3, 3]],
    ["Fold", new Fold(3, 2), [1, 4, 4]],
    ["PixelShuffle", new PixelShuffle(2), [1, 4, 1, 2]],
    ["BatchNorm2d", new BatchNorm2d(2, { dtype: "float64" }), [2, 2, 2, 2]],
    ["GroupNorm", new GroupNorm(2, 4, { dtype: "float64" }), [1, 4, 2]],
    ["InstanceNorm", new InstanceNorm(2, { affine: true, dtype: "float64" }), [1, 2, 2, 2]],
    ["tracking InstanceNorm", new InstanceNorm(2, { trackRunningStats: true, dtype: "float64" }), [2, 2, 3]],
  ] as const)("%s", async (_, layer, shape) => {
    await gradCheck((x) => layer.forward(x).tanh(), [normal(1, shape)], { order: 2 });
  });
});

test("whole numbers have means that are not whole", async () => {
  const x = tensor(Uint8Array.of(1, 2, 3, 6), { shape: [1, 1, 2, 2] });
  const wide = new Upsample({ size: [2, 3], mode: "bilinear" }).forward(x);
  await expectClose(wide.flatten(), [1, 1.5, 2, 3, 4.5, 6]);
  await expectClose(
    new AvgPool2d(2, { padding: 1, countIncludePad: false }).forward(x).flatten(),
    [1, 2, 3, 6],
  );
  expect(await new MaxPool2d(2).forward(x).flatten().toArray()).toEqual([6]);
  expect(() => new MaxPool2d(2, { padding: 1 }).forward(x)).toThrow(DtypeError);
  expect(() => new MaxPool2d(2, { stride: 3, ceilMode: true }).forward(x.slice(null, null, [0, 1]))).toThrow(
    DtypeError,
  );
});

test("a last window may reach beyond the input, and only what is there counts", async () => {
  const line = tensor([[[1, 2, 3, 4, 5]]]);
  const max = new MaxPool1d(2, { ceilMode: true }).forward(line);
  expect(await max.flatten().toArray()).toEqual([2, 4, 5]);
  const mean = new AvgPool1d(2, { ceilMode: true }).forward(line);
  expect(await mean.flatten().toArray()).toEqual([1.5, 3.5, 5]);
  // It would start in the padding behind, where nothing is.
  expect(new MaxPool1d(2, { stride: 3, padding: 1, ceilMode: true }).forward(line).shape).toEqual([1, 1, 2]);
});

test("an instance norm that tracks is evaluated by the mean of its examples' moments", async () => {
  const layer = new InstanceNorm(1, { trackRunningStats: true, momentum: 1, eps: 0 });
  await layer.forward(tensor([[[0, 2]], [[4, 12]]])).data();
  // Sample variances 2 and 32.
  await expectClose(layer.running!.mean, [4.5]);
  await expectClose(layer.running!.variance, [17]);
  const y = layer.eval().forward(tensor([[[4.5 + Math.sqrt(17)]]]));
  await expectClose(y.flatten(), [1]);
  expect(Object.keys(layer.stateDict())).toEqual(["running_mean", "running_var", "num_batches_tracked"]);
});

test("a batch of none passes through", async () => {
  const x = zeros([0, 2, 6, 6]);
  const layers = [
    new MaxPool2d(2),
    new AvgPool2d(2),
    new AdaptiveMaxPool2d(4),
    new GroupNorm(1, 2),
    new Unfold(2),
  ];
  for (const layer of [...layers, new Upsample({ scaleFactor: 2 }), new Conv2d(2, 3, 3)]) {
    const y = layer.forward(x);
    expect(y.shape[0]).toBe(0);
    expect(await y.sum().gradient(x)[0]!.data()).toHaveLength(0);
  }
});

test("captured it does what it does uncaptured, bit for bit", async () => {
  const train = (): { model: Sequential; step: (x: Tensor) => Tensor } => {
    const generator = new Generator(1);
    const model = new Sequential(
      new Conv2d(1, 4, 3, { generator }),
      new BatchNorm2d(4),
      new InstanceNorm(4, { trackRunningStats: true, momentum: 0.3 }),
      new MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
      new Dropout2d(0.5, { generator }),
      new AdaptiveAvgPool2d(2),
    );
    const step = (x: Tensor): Tensor => {
      const parameters = model.parameters();
      const loss = model.forward(x).square().mean();
      const grads = loss.gradient(...parameters);
      parameters.forEach((parameter, i) => parameter.assign(parameter.sub(grads[i]!.mul(0.1))));
      return loss;
    };
    return { model, step };
  };
  const [plain, captured] = [train(), train()];
  const step = compile(captured.step);
  const stateOf = (model: Sequential): Promise<unknown> =>
    Promise.all(Object.values(model.stateDict()).map((value) => value.data()));
  for (let i = 0; i < 3; i++) {
    const x = random.normal([3, 1, 8, 8], { generator: new Generator(i) });
    const loss = plain.step(x);
    await realize(loss, ...plain.model.parameters());
    expect(await step(x).item()).toBe(await loss.item());
    expect(await stateOf(captured.model)).toEqual(await stateOf(plain.model));
  }
});

describe("Dropout2d", () => {
  test("drops whole channels and keeps the expectation", async () => {
    const layer = new Dropout2d(0.25, { generator: new Generator(1) });
    const y = await layer.forward(zeros([40, 50, 2, 2]).add(3)).data();
    let kept = 0;
    for (let i = 0; i < y.length; i += 4) {
      expect(new Set(y.slice(i, i + 4)).size).toBe(1);
      expect([0, 4]).toContain(y[i]);
      if (y[i]! > 0) kept++;
    }
    expect(kept / 2000).toBeCloseTo(0.75, 1);
  });

  test("passes its input on in evaluation, and knows its bounds", async () => {
    const x = zeros([1, 2, 2, 2]);
    expect(new Dropout2d().eval().forward(x)).toBe(x);
    expect(await new Dropout2d(1).forward(x.add(1)).sum().item()).toBe(0);
    expect(() => new Dropout2d(1.5)).toThrow(OptionError);
    expect(() => new Dropout2d().forward(zeros([2, 2]))).toThrow("must be [N, C, H, W]");
  });
});

test("summaries count the scales", () => {
  expect(summary(new BatchNorm2d(3), [2, 3, 4, 4]).forward).toBe(96);
  expect(summary(new GroupNorm(1, 3), [2, 3, 4]).forward).toBe(24);
  expect(summary(new InstanceNorm(3), [2, 3, 4]).forward).toBe(0);
  expect(summary(new MaxPool2d(2), [2, 3, 4, 4]).layers[0]!.outputShape).toEqual([2, 3, 2, 2]);
});

test("layers show their options", () => {
  expect(
    [
      new MaxPool2d(3, { stride: 2 }),
      new AvgPool1d(2, { ceilMode: true }),
      new InstanceNorm(2, { trackRunningStats: true }),
      new Upsample({ scaleFactor: 2 }),
      new Pad(1),
      new GroupNorm(2, 4),
    ].map(String),
  ).toEqual([
    "MaxPool2d(kernelSize=3, stride=2, padding=0, dilation=1)",
    "AvgPool1d(kernelSize=2, stride=2, padding=0, dilation=1, ceilMode=true)",
    "InstanceNorm(2, eps=0.00001, momentum=0.1, affine=false)",
    "Upsample(scaleFactor=2, mode=nearest)",
    "Pad(1, mode=zeros)",
    "GroupNorm(2, 4, eps=0.00001, affine=true)",
  ]);
});

describe("bad input", () => {
  test("axes and channels", () => {
    expect(() => new MaxPool2d(2).forward(zeros([2, 4, 4]))).toThrow(ShapeError);
    expect(messageOf(() => new AvgPool1d(2).forward(zeros([2, 2])))).toContain(
      "AvgPool1d: the input must be [N, C, L], but its shape is [2, 2]",
    );
    expect(() => new AdaptiveAvgPool2d(1).forward(zeros([2, 4, 4]))).toThrow(ShapeError);
    expect(() => new GlobalAvgPool().forward(zeros([2, 4]))).toThrow(ShapeError);
    expect(() => new BatchNorm2d(3).forward(zeros([2, 3, 4]))).toThrow(
      "BatchNorm2d(3): the input must be [N, 3, H, W], but its shape is [2, 3, 4]",
    );
    expect(() => new GroupNorm(2, 4).forward(zeros([2, 6, 4]))).toThrow("[N, 4, ...]");
    expect(() => new InstanceNorm(2).forward(zeros([2, 2, 1]))).toThrow("more than one element");
    expect(() => new PixelShuffle(2).forward(zeros([1, 6, 2, 2]))).toThrow("[N, C·4, H, W]");
    expect(() => new Fold(4, 2).forward(zeros([1, 4, 8]))).toThrow("must be [N, C·4, 9]");
    expect(() => new Upsample({ scaleFactor: 2, mode: "bilinear" }).forward(zeros([1, 2, 3]))).toThrow(
      "[N, C, H, W]",
    );
  });

  test("windows larger than the padded input", () => {
    expect(() => new MaxPool2d(3).forward(zeros([1, 1, 2, 4]))).toThrow(
      "MaxPool2d: the kernel spans [3, 3], which is larger than the padded input, [2, 4]",
    );
    expect(() => new Unfold(5).forward(zeros([1, 1, 4, 4]))).toThrow(ShapeError);
    expect(() => new Fold(2, 3)).not.toThrow();
    expect(() => new Fold(2, 3).forward(zeros([1, 9, 1]))).toThrow(ShapeError);
  });

  test("options that are none", () => {
    expect(() => new MaxPool2d(2, { padding: 2 })).toThrow("padding is at most half a window");
    expect(() => new AvgPool2d(0)).toThrow(OptionError);
    expect(() => new GroupNorm(3, 4)).toThrow("3 groups do not divide 4 channels");
    expect(() => new Upsample({})).toThrow("either size or scaleFactor");
    expect(() => new Upsample({ scaleFactor: 0 })).toThrow("scaleFactor is positive");
    expect(() => new Upsample({ scaleFactor: 2, mode: "cubic" as never })).toThrow('not "cubic"');
    expect(() => new Upsample({ scaleFactor: 0.1 }).forward(zeros([1, 1, 4, 4]))).toThrow("nothing is left");
    expect(() => new Upsample({ scaleFactor: [2, 2] }).forward(zeros([1, 1, 4]))).toThrow(
      "for 1 spatial axes",
    );
    expect(() => new Pad(-1)).toThrow(OptionError);
    expect(() => new Pad(1).forward(zeros([2, 2]))).toThrow("no such axes");
    expect(() => new Pad([[0, 3]], { mode: "reflect" }).forward(zeros([3]))).toThrow("at least 4 elements");
    expect(() => new AdaptiveMaxPool2d(0)).toThrow(OptionError);
    expect(() => new PixelShuffle(1.5)).toThrow(OptionError);
  });
});
