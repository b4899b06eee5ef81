import { cpu } from "@chainrule/backend-cpu";
import {
  concat,
  customGradient,
  gradient,
  registerBackend,
  stack,
  Tensor,
  tensor,
  where,
  cumsum,
  erfinv,
} from "@chainrule/core";
import {
  expectClose,
  gradCheck,
  randomIntegers,
  randomValues,
  type TensorFunction,
} from "@chainrule/testkit";
import { describe, expect, it } from "vitest";

registerBackend(cpu);

type Shape = readonly number[];

/** A differentiable call, checked on each list of input shapes; values are in [low, high). */
interface Row {
  readonly op: string;
  readonly fn: TensorFunction;
  readonly shapes: readonly (readonly Shape[])[];
  readonly low?: number;
  readonly high?: number;
  /** 2 unless the second derivative is zero almost everywhere or does not exist. */
  readonly order?: 1 | 2;
}

const unaryShapes: readonly (readonly Shape[])[] = [[[]], [[4]], [[2, 3]], [[0, 2]]];
const binaryShapes: readonly (readonly Shape[])[] = [
  [[], []],
  [[3], [3]],
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[], [2, 2]],
];

const unary = (op: string, fn: (x: Tensor) => Tensor, low = -2, high = 2): Row => ({
  op,
  fn: (x) => fn(x),
  shapes: unaryShapes,
  low,
  high,
});
const binary = (op: string, fn: (a: Tensor, b: Tensor) => Tensor, low = -2, high = 2): Row => ({
  op,
  fn: (a, b) => fn(a, b),
  shapes: binaryShapes,
  low,
  high,
});
const one = (op: string, shapes: readonly Shape[], fn: (x: Tensor) => Tensor, low = -2, high = 2): Row => ({
  op,
  fn: (x) => fn(x),
  shapes: shapes.map((s) => [s]),
  low,
  high,
});

const int = (values: readonly number[], shape: Shape): Tensor =>
  tensor(Int32Array.from(values), { shape: [...shape] });
const mask = tensor([
  [true, false, true],
  [false, false, true],
]);

/** Reductions see a matrix whole, by either axis, and kept. */
const reductions = (
  op: string,
  fn: (x: Tensor, axis?: number | number[]) => Tensor,
  low = -2,
  high = 2,
): Row[] => [
  one(op, [[], [4], [2, 3]], (x) => fn(x), low, high),
  one(op, [[3, 2]], (x) => fn(x, 0), low, high),
  one(op, [[2, 2, 3]], (x) => fn(x, [0, -1]), low, high),
  one(op, [[2, 3]], (x) => fn(x.transpose(), 1), low, high),
];

const rows: readonly Row[] = [
  unary("neg", (x) => x.neg()),
  unary("reciprocal", (x) => x.reciprocal(), 0.5),
  unary("abs", (x) => x.abs()),
  unary("sign", (x) => x.sign()),
  unary("sqrt", (x) => x.sqrt(), 0.3),
  unary("rsqrt", (x) => x.rsqrt(), 0.3),
  unary("square", (x) => x.square()),
  unary("exp", (x) => x.exp()),
  unary("log", (x) => x.log(), 0.3),
  unary("log1p", (x) => x.log1p(), -0.6),
  unary("expm1", (x) => x.expm1()),
  unary("sin", (x) => x.sin()),
  unary("cos", (x) => x.cos()),
  unary("tanh", (x) => x.tanh()),
  unary("sigmoid", (x) => x.sigmoid()),
  unary("logSigmoid", (x) => x.logSigmoid()),
  unary("erf", (x) => x.erf()),
  unary("erfinv", (x) => erfinv(x), -0.8, 0.8),
  unary("relu", (x) => x.relu()),
  unary("softplus", (x) => x.softplus()),
  unary("floor", (x) => x.floor()),
  unary("ceil", (x) => x.ceil()),
  unary("round", (x) => x.round()),
  unary("trunc", (x) => x.trunc()),
  unary("clip", (x) => x.clip(-0.7, 0.9)),
  unary("cast", (x) => x.cast("float64").mul(x)),
  unary("toFloat", (x) => x.toFloat().cast("float64").mul(0)),
  binary("add", (a, b) => a.add(b)),
  binary("sub", (a, b) => a.sub(b)),
  binary("mul", (a, b) => a.mul(b)),
  binary("div", (a, b) => a.div(b), 0.5),
  binary("mod", (a, b) => a.mod(b), 0.5),
  binary("pow", (a, b) => a.pow(b), 0.5),
  unary("pow", (x) => x.pow(3)),
  unary("pow", (x) => x.pow(2)),
  binary("maximum", (a, b) => a.maximum(b)),
  binary("minimum", (a, b) => a.minimum(b)),
  {
    op: "where",
    fn: (a, b) => where(mask, a, b),
    shapes: [
      [[2, 3], [3]],
      [[], [2, 1]],
    ],
  },
  ...reductions("sum", (x, a) => x.sum(a)),
  ...reductions("mean", (x, a) => x.mean(a)),
  ...reductions("max", (x, a) => x.max(a)),
  ...reductions("min", (x, a) => x.min(a)),
  ...reductions("prod", (x, a) => x.prod(a)),
  ...reductions("logSumExp", (x, a) => x.logSumExp(a)),
  one("prod", [[3]], (x) => x.mul(tensor([0, 1, 1], { dtype: "float64" })).prod()),
  one("variance", [[4], [2, 3]], (x) => x.variance()),
  one("variance", [[3, 2]], (x) => x.variance(0, { correction: 0, keepDims: true })),
  one("std", [[4], [2, 3]], (x) => x.std()),
  one("std", [[2, 3]], (x) => x.std(1)),
  one("norm", [[4], [2, 3]], (x) => x.norm(), 0.3),
  one("softmax", [[4], [2, 3]], (x) => x.softmax()),
  one("softmax", [[2, 3]], (x) => x.softmax(0)),
  one("logSoftmax", [[4], [2, 3]], (x) => x.logSoftmax()),
  one("logSoftmax", [[2, 3]], (x) => x.logSoftmax(0)),
  one("cumsum", [[4]], (x) => cumsum(x, 0)),
  one("cumsum", [[2, 3]], (x) => cumsum(x, -1)),
  {
    op: "matmul",
    fn: (a, b) => a.matmul(b),
    shapes: [
      [[3], [3]],
      [[2, 3], [3]],
      [[3], [3, 2]],
      [
        [2, 3],
        [3, 2],
      ],
      [
        [2, 2, 3],
        [3, 2],
      ],
      [
        [2, 1, 2, 3],
        [2, 3, 1],
      ],
      [
        [2, 0],
        [0, 3],
      ],
    ],
  },
  {
    op: "matmul",
    fn: (a, b) => a.transpose().matmul(b.T).flip(0),
    shapes: [
      [
        [3, 2],
        [2, 3],
      ],
    ],
  },
  { op: "matmul", fn: (a) => a.matmul(a), shapes: [[[2, 2]]] },
  { op: "dot", fn: (a, b) => a.dot(b), shapes: [[[3], [3]]] },
  { op: "outer", fn: (a, b) => a.outer(b), shapes: [[[3], [2]]] },
  one("transpose", [[2, 3]], (x) => x.transpose().square()),
  one("T", [[2, 3]], (x) => x.T.square()),
  one("permute", [[2, 1, 3]], (x) => x.permute(2, 0, 1).square()),
  one("reshape", [[2, 3]], (x) => x.reshape(3, -1).square()),
  one("flatten", [[2, 3]], (x) => x.flatten().square()),
  one("squeeze", [[2, 1]], (x) => x.squeeze().square()),
  one("expandDims", [[3]], (x) => x.expandDims(0).square()),
  one("broadcastTo", [[2, 1], [2], []], (x) => x.broadcastTo([3, 2, 2]).square()),
  one("slice", [[4, 3]], (x) => x.slice([1, 3], -1).square()),
  one("slice", [[5]], (x) => x.slice([null, null, -2]).square()),
  one("slice", [[7]], (x) => x.slice([1, 6, 3]).square()),
  one("pad", [[2, 2]], (x) =>
    x
      .pad(
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      )
      .square(),
  ),
  one("flip", [[2, 3]], (x) => x.flip(1).square()),
  one("tile", [[2, 2]], (x) => x.tile([2, 1]).square()),
  one("repeat", [[2, 2]], (x) => x.repeat(2, 0).square()),
  one("gather", [[3, 2]], (x) => x.gather(int([0, 2, 2, 0, 1, 1], [3, 2]), 0).square()),
  one("gather", [[4]], (x) => x.gather(int([3, 3, 3, 0], [4]), 0).square()),
  one("gather", [[3, 4]], (x) => x.gather(int([1, 0, 3], [3, 1]), 1).square()),
  one("take", [[3, 2]], (x) => x.take(int([2, 0, 2, 1], [2, 2]), 0).square()),
  {
    op: "scatterAdd",
    fn: (x, s) => x.scatterAdd(int([0, 2, 2, 0], [4]), s, 0).square(),
    shapes: [[[3], [4]]],
  },
  one("split", [[4, 2]], (x) => x.split([1, 3], 0)[1]!.square()),
  one("unstack", [[2, 3]], (x) => x.unstack(1)[2]!.square()),
  one("tril", [[3, 3]], (x) => x.tril().square()),
  one("triu", [[2, 3]], (x) => x.triu(1).square()),
  {
    op: "concat",
    fn: (a, b) => concat([a, b, a], 0).square(),
    shapes: [
      [
        [1, 2],
        [2, 2],
      ],
    ],
  },
  { op: "stack", fn: (a, b) => stack([a, b], -1).square(), shapes: [[[3], [3]]] },
];

/** Values away from ties and kinks of the operations above: distinct, and no closer to 0 than a step. */
const input = (seed: number, shape: Shape, low: number, high: number): Tensor =>
  tensor(
    Float64Array.from(
      randomValues(
        seed,
        shape.reduce((a, b) => a * b, 1),
        low,
        high,
      ),
    ),
    { shape: [...shape] },
  );

describe("gradients agree with central differences", () => {
  rows.forEach(({ op, fn, shapes, low = -2, high = 2, order = 2 }, row) => {
    for (const list of shapes) {
      const label = list.map((s) => `[${s.join(", ")}]`).join(" ");
      it(`${op} ${label} (row ${row})`, async () => {
        const inputs = list.map((shape, i) => input(31 * row + i, shape, low, high));
        await gradCheck(fn, inputs, { order });
      });
    }
  });
});

/** Methods that give no tensor to differentiate, or one of truth values or indices. */
const notDifferentiable = new Set(
  [
    [
      "constructor",
      "toString",
      "data",
      "dataSync",
      "item",
      "itemSync",
      "toArray",
      "to",
      "dispose",
      "gradient",
    ],
    ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"],
    ["logicalAnd", "logicalOr", "logicalNot", "isNaN", "isInf", "isFinite", "all", "any", "argmax", "argmin"],
    ["stopGradient", "detach", "shape", "dtype", "rank", "size", "backend", "node", "wrap"],
  ].flat(),
);

it("every method of Tensor is checked above or has no gradient", () => {
  const checked = new Set(rows.map((row) => row.op));
  const names: string[] = [];
  for (
    let family = Tensor.prototype as object;
    family !== Object.prototype;
    family = Object.getPrototypeOf(family)
  ) {
    names.push(...Object.getOwnPropertyNames(family));
  }
  const missing = names
    .filter((name) => !name.startsWith("_") && !notDifferentiable.has(name) && !checked.has(name))
    .toSorted();
  expect(missing).toEqual([]);
});

describe("gradients beyond the table", () => {
  it("reaches the third order: x⁴ gives 24x", async () => {
    const x = tensor([1.5, -2], { dtype: "float64" });
    const derive = (y: Tensor): Tensor => gradient(y.sum(), [x])[0]!;
    await expectClose(derive(derive(derive(x.pow(4)))), [36, -48]);
  });

  it("stops where told, and gives zeros for inputs not reached", async () => {
    const x = tensor([2, 3], { dtype: "float64" });
    const other = tensor([1, 1, 1], { dtype: "float64" });
    const [gx, go] = x.mul(x.stopGradient()).sum().gradient(x, other);
    await expectClose(gx!, [2, 3]);
    await expectClose(go!, [0, 0, 0]);
  });

  it("uses a custom gradient, and differentiates it again", async () => {
    const cube = customGradient(
      (x: Tensor) => x.mul(x).mul(x).stopGradient(),
      (g: Tensor, _y: Tensor, x: Tensor) => [g.mul(x.mul(x).mul(3))],
    );
    const x = tensor([1, 2, -1], { dtype: "float64" });
    const [first] = gradient(cube(x).sum(), [x]);
    await expectClose(first!, [3, 12, 3]);
    await expectClose(gradient(first!.sum(), [x])[0]!, [6, 12, -6]);
  });

  it("accumulates over many uses of one tensor", async () => {
    const picks = int(randomIntegers(3, 50, 0, 4), [50]);
    const x = tensor([1, 2, 3, 4], { dtype: "float64" });
    const uses = (x: Tensor): Tensor => x.take(picks, 0).sum().add(x.mul(x).sum()).add(x.slice(0));
    await gradCheck((y) => uses(y), [x], { order: 2 });
  });
});
