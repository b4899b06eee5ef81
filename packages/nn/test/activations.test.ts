import { AxisError, explain, OptionError, ShapeError, tensor, zeros, type Tensor } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import "./setup.ts";

const float64 = (values: readonly number[]): Tensor => tensor(Float64Array.from(values));

/** The slope of an elementwise function at each of some points. */
async function slopes(f: (x: Tensor) => Tensor, points: readonly number[]): Promise<number[]> {
  const x = float64(points);
  return Array.from(await f(x).sum().gradient(x)[0]!.data());
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const at = [-4, -1, -0.5, 0.25, 1, 4];

/** The layer, its function, and the formula; then whether it has a second derivative. */
const elementwise: readonly [nn.Module, ((x: Tensor) => Tensor) | null, (x: number) => number, boolean][] = [
  [new nn.Identity(), null, (x) => x, true],
  [new nn.ReLU(), null, (x) => Math.max(x, 0), false],
  [new nn.LeakyReLU(0.1), (x) => nn.leakyReLU(x, 0.1), (x) => (x > 0 ? x : 0.1 * x), false],
  [new nn.ELU(2), (x) => nn.elu(x, 2), (x) => (x > 0 ? x : 2 * Math.expm1(x)), true],
  [
    new nn.SELU(),
    nn.selu,
    (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    true,
  ],
  [
    new nn.GELU({ approximate: "tanh" }),
    (x) => nn.gelu(x, { approximate: "tanh" }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    true,
  ],
  [new nn.SiLU(), nn.silu, (x) => x * sigmoid(x), true],
  [
    new nn.Softplus({ beta: 3 }),
    (x) => nn.softplus(x, { beta: 3 }),
    (x) => Math.log1p(Math.exp(3 * x)) / 3,
    true,
  ],
  [new nn.Mish(), nn.mish, (x) => x * Math.tanh(Math.log1p(Math.exp(x))), true],
  [new nn.HardSigmoid(), nn.hardSigmoid, (x) => Math.min(1, Math.max(0, (x + 3) / 6)), false],
  [new nn.HardSwish(), nn.hardSwish, (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6, false],
];

describe.each(elementwise.map((row) => [row[0].constructor.name, ...row] as const))(
  "%s",
  (_, layer, plain, formula, smooth) => {
    test("is its formula, as a layer and as a function", async () => {
      await expectClose(layer.forward(float64(at)), at.map(formula), { rtol: 1e-12, atol: 1e-12 });
      if (plain) await expectClose(plain(float64(at)), await layer.forward(float64(at)).data());
    });

    test("has the derivatives of finite differences", async () => {
      await gradCheck((x) => layer.forward(x), [float64(at)], { order: smooth ? 2 : 1 });
    });

    test("keeps the dtype, passes NaN on, and is finite with a finite slope far out", async () => {
      expect(layer.forward(zeros([2])).dtype).toBe("float32");
      expect(await layer.forward(tensor([Number.NaN])).toArray()).toEqual([Number.NaN]);
      const far = tensor([1e4, -1e4, 1e30, -1e30]);
      const y = layer.forward(far);
      expect((await y.data()).every(Number.isFinite)).toBe(true);
      expect((await y.sum().gradient(far)[0]!.data()).every(Number.isFinite)).toBe(true);
    });

    test("and its derivative are one kernel each", () => {
      const x = tensor([[1, 2], [3, 4]]); // prettier-ignore
      const y = layer.forward(x);
      if (y !== x) expect(explain(y).kernels).toHaveLength(1);
      expect(explain(y.sum().gradient(x)[0]!).kernels.length).toBeLessThanOrEqual(1);
    });
  },
);

test("GELU is x·Φ(x)", async () => {
  // Φ(1) and Φ(−2) from tables of the normal distribution.
  const expected = [0.8413447460685429, -2 * 0.022750131948179195, 0];
  await expectClose(new nn.GELU().forward(float64([1, -2, 0])), expected, { rtol: 1e-12 });
  await gradCheck((x) => nn.gelu(x), [float64(at)], { order: 2 });
  expect(() => nn.gelu(zeros([1]), { approximate: "erf" as never })).toThrow(OptionError);
});

test("slopes at the corners are PyTorch's", async () => {
  expect(await slopes((x) => nn.leakyReLU(x, 0.3), [0, -0])).toEqual([0.3, 0.3]);
  expect(await slopes((x) => nn.elu(x, 0.5), [0])).toEqual([0.5]);
  expect(await slopes(nn.hardSigmoid, [-3, 3])).toEqual([0, 0]);
  expect(await slopes(nn.hardSwish, [-3, 3])).toEqual([0, 1]);
  expect(await slopes((x) => x.relu(), [0])).toEqual([0]);
});

test("infinities go to the limits", async () => {
  const x = float64([Infinity, -Infinity]);
  expect(await nn.elu(x).toArray()).toEqual([Infinity, -1]);
  expect(await slopes((t) => nn.elu(t), [Infinity, -Infinity])).toEqual([1, 0]);
  expect(await nn.softplus(x).toArray()).toEqual([Infinity, 0]);
  expect(await nn.hardSigmoid(x).toArray()).toEqual([1, 0]);
  expect(await nn.leakyReLU(x).toArray()).toEqual([Infinity, -Infinity]);
});

test("softplus is linear past its threshold, and refuses a β that bends nothing", async () => {
  expect(await nn.softplus(float64([21]), { threshold: 20 }).item()).toBe(21);
  expect(await nn.softplus(float64([1.5]), { threshold: 1 }).item()).toBe(1.5);
  expect(() => nn.softplus(zeros([1]), { beta: 0 })).toThrow(OptionError);
});

describe("step", () => {
  test("is 1 from its threshold on, and NaN stays NaN", async () => {
    const x = tensor([-1, -0, 0, 0.5, Number.NaN, Infinity]);
    expect(await nn.step(x).toArray()).toEqual([0, 1, 1, 1, Number.NaN, 1]);
    expect(await new nn.Step({ threshold: 0.5 }).forward(x).toArray()).toEqual([0, 0, 0, 1, Number.NaN, 1]);
    expect(nn.step(tensor([1, 2], { dtype: "int32" })).dtype).toBe("float32");
  });

  test("has no gradient, unless the straight-through estimate is asked for", async () => {
    const points = [-2, -0.5, 0, 0.7, 3];
    expect(await slopes((x) => nn.step(x), points)).toEqual([0, 0, 0, 0, 0]);
    expect(await slopes((x) => nn.step(x, { straightThrough: true }), points)).toEqual([1, 1, 1, 1, 1]);
    expect(await slopes((x) => nn.step(x, { straightThrough: 1 }), points)).toEqual([0, 1, 1, 1, 0]);
    const shifted = new nn.Step({ straightThrough: 1, threshold: 2 });
    expect(await slopes((x) => shifted.forward(x), points)).toEqual([0, 0, 0, 0, 1]);
  });
});

describe("maxout", () => {
  test("takes the largest of neighbours, along any axis", async () => {
    const x = tensor([[1, 5, 2, 2], [-1, -3, 0, 4]]); // prettier-ignore
    expect(await nn.maxout(x, 2).toArray()).toEqual([[5, 2], [-1, 4]]); // prettier-ignore
    expect(await new nn.Maxout(2, 0).forward(x).toArray()).toEqual([[1, 5, 2, 4]]);
    expect(nn.maxout(zeros([2, 6, 3]), 3, 1).shape).toEqual([2, 2, 3]);
  });

  test("shares the gradient among those that tie", async () => {
    expect(await slopes((x) => nn.maxout(x, 2), [1, 5, 2, 2])).toEqual([0, 1, 0.5, 0.5]);
    await gradCheck((x) => nn.maxout(x, 3), [float64([1, 5, 2, 0.3, -1, -2])]);
  });

  test("refuses what it cannot divide", () => {
    expect(() => nn.maxout(zeros([2, 5]), 2)).toThrow(ShapeError);
    expect(() => nn.maxout(zeros([2, 5]), 2)).toThrow("[2, 5] has 5 elements, which 2 pieces do not divide");
    expect(() => nn.maxout(zeros([2, 4]), 2, 2)).toThrow(AxisError);
    expect(() => nn.maxout(zeros([2, 4]), 0)).toThrow(OptionError);
    expect(() => nn.maxout(zeros([2, 4]), 1.5)).toThrow("not 1.5");
  });
});

describe("PReLU", () => {
  test("learns one slope, or one a channel", async () => {
    const x = tensor([[-1, -2], [3, -4]]); // prettier-ignore
    expect(await new nn.PReLU().forward(x).toArray()).toEqual([[-0.25, -0.5], [3, -1]]); // prettier-ignore
    const layer = new nn.PReLU(2, { slope: 0.5 });
    layer.weight.assign(tensor([0.5, -1]));
    expect(await layer.forward(x).toArray()).toEqual([[-0.5, 2], [3, 4]]); // prettier-ignore
    expect(layer.parameters()).toEqual([layer.weight]);
    expect(nn.summary(layer, [4, 2]).forward).toBe(8);
    await gradCheck((t, w) => nn.prelu(t, w), [x.cast("float64"), float64([0.3, -0.2])]);
  });

  test("refuses slopes that are not of its channels", () => {
    expect(() => new nn.PReLU(3).forward(zeros([4, 2]))).toThrow(ShapeError);
    expect(() => new nn.PReLU(3).forward(zeros([4, 2]))).toThrow("the slopes are [1] or [2], not [3]");
    expect(() => new nn.PReLU(0)).toThrow(OptionError);
  });
});

test("LogSoftmax is the logarithm of Softmax, for logits of any size", async () => {
  const x = float64([1, 2, 3]);
  await expectClose(new nn.LogSoftmax().forward(x), await x.softmax().log().data());
  const wide = new nn.LogSoftmax(0).forward(tensor([[1e4, 0], [-1e4, 0]])); // prettier-ignore
  expect(await wide.toArray()).toEqual([[0, -Math.fround(Math.LN2)], [-2e4, -Math.fround(Math.LN2)]]); // prettier-ignore
  await gradCheck((t) => new nn.LogSoftmax().forward(t), [x], { order: 2 });
});

test("layers say their options", () => {
  const layers = [
    new nn.LeakyReLU(),
    new nn.ELU(),
    new nn.GELU(),
    new nn.Softplus(),
    new nn.Step(),
    new nn.Maxout(2),
    new nn.PReLU(3),
    new nn.LogSoftmax(1),
  ];
  expect(layers.map(String)).toEqual([
    "LeakyReLU(slope=0.01)",
    "ELU(alpha=1)",
    "GELU(approximate=none)",
    "Softplus(beta=1, threshold=20)",
    "Step(threshold=0, straightThrough=false)",
    "Maxout(2, axis=-1)",
    "PReLU(3)",
    "LogSoftmax(axis=1)",
  ]);
});
