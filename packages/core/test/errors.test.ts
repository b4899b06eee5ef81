import { cpu } from "@chainrule/backend-cpu";
import {
  arange,
  AxisError,
  ChainruleError,
  compile,
  concat,
  customGradient,
  DtypeError,
  eye,
  full,
  Generator,
  gradient,
  hostValue,
  IndexError,
  linspace,
  NumericError,
  oneHot,
  ones,
  OptionError,
  random,
  registerBackend,
  ShapeError,
  stack,
  type Tensor,
  tensor,
  Variable,
  where,
  zeros,
  cumsum,
  truncatedNormal,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => registerBackend(cpu));

type Case = readonly [
  what: string,
  call: () => unknown,
  error: new (message: string) => ChainruleError,
  message: RegExp,
];

const x = zeros([2, 3]);
const v = zeros([4]);
const scalar = zeros([]);
const int = arange(6).reshape(2, 3);
const bool = tensor([true, false]);
const bad = (value: unknown): never => value as never;

const shapes: Case[] = [
  [
    "add of shapes that do not broadcast",
    () => x.add(v),
    ShapeError,
    /^add: shapes \[2, 3\] and \[4\] do not broadcast/,
  ],
  ["the axis at fault", () => x.mul(zeros([3, 3])), ShapeError, /^mul: .*axis -2 has sizes 2 and 3/],
  [
    "where of three shapes",
    () => where(bool, x, 1),
    ShapeError,
    /^where: .*\[2\].*\[2, 3\]|^where: .*\[2, 3\].*\[2\]/,
  ],
  [
    "broadcastTo",
    () => x.broadcastTo([2, 4]),
    ShapeError,
    /^broadcastTo: \[2, 3\] does not broadcast to \[2, 4\]/,
  ],
  ["broadcastTo fewer axes", () => x.broadcastTo([3]), ShapeError, /^broadcastTo: \[2, 3\]/],
  ["matmul", () => x.matmul(zeros([2, 4])), ShapeError, /^matmul: shapes \[2, 3\] and \[2, 4\] do not chain/],
  [
    "matmul of batches",
    () => zeros([2, 2, 3]).matmul(zeros([3, 3, 4])),
    ShapeError,
    /^matmul: shapes \[2\] and \[3\]/,
  ],
  ["matmul with a scalar", () => x.matmul(scalar), ShapeError, /^matmul: .*scalar.*use mul/],
  ["dot of matrices", () => x.dot(x), ShapeError, /^dot: takes two vectors.*\[2, 3\]/],
  ["outer of matrices", () => x.outer(v), ShapeError, /^outer: takes two vectors/],
  ["reshape", () => x.reshape(4, 2), ShapeError, /^reshape: \[2, 3\] has 6 elements and \[4, 2\] has 8/],
  ["reshape with −1", () => x.reshape(4, -1), ShapeError, /^reshape: \[2, 3\] has 6 elements/],
  ["reshape with two −1", () => x.reshape(-1, -1), ShapeError, /^reshape: .*at most one −1/],
  ["reshape to a fraction", () => x.reshape(1.5, 4), ShapeError, /^reshape: sizes are whole numbers/],
  [
    "concat",
    () => concat([x, zeros([2, 4])]),
    ShapeError,
    /^concat: \[2, 3\] and \[2, 4\] differ on an axis other than 0/,
  ],
  ["concat of ranks", () => concat([x, v], 0), ShapeError, /^concat: \[2, 3\] and \[4\]/],
  ["concat of nothing", () => concat([]), OptionError, /^concat: give at least one tensor/],
  ["stack", () => stack([x, v]), ShapeError, /\[1, 2, 3\] and \[1, 4\]|\[2, 3\] and \[4\]/],
  ["split", () => x.split([1, 1], 1), ShapeError, /^split: sizes \[1, 1\] do not add up to 3/],
  ["pad", () => x.pad([[1, 1]]), ShapeError, /^pad: .*2 axes of \[2, 3\]/],
  ["squeeze", () => x.squeeze(1), ShapeError, /^squeeze: axis 1 of \[2, 3\] has size 3, not 1/],
  ["permute", () => x.permute(0), ShapeError, /^permute: \[2, 3\] has 2 axes, and 1 are listed/],
  [
    "slice of too many axes",
    () => x.slice(0, 0, 0),
    ShapeError,
    /^slice: 3 axes are cut, and \[2, 3\] has 2/,
  ],
  ["tril of a vector", () => v.tril(), ShapeError, /^tril: takes matrices.*\[4\]/],
  ["gather", () => x.gather(arange(4), 0), ShapeError, /^gather: indices \[4\].*\[2, 3\]/],
  ["scatterAdd", () => x.scatterAdd(arange(8).reshape(2, 4), zeros([2, 4]), 0), ShapeError, /^scatterAdd: /],
  ["max of nothing", () => zeros([2, 0]).max(1), ShapeError, /^max: an axis of size 0.*\[2, 0\]/],
  ["argmax of nothing", () => zeros([0]).argmax(), ShapeError, /^argmax: axis 0 of \[0\] is empty/],
  ["item", () => x.itemSync(), ShapeError, /^item: \[2, 3\] has 6 elements/],
  ["gradient of no scalar", () => x.gradient(x), ShapeError, /^gradient: .*\[2, 3\].*reduce it to a scalar/],
  [
    "upstream of another shape",
    () => gradient(x, [x], { upstream: v }),
    ShapeError,
    /^gradient: upstream \[4\].*\[2, 3\]/,
  ],
  [
    "assign",
    () => new Variable(x, { name: "w" }).assign(v),
    ShapeError,
    /^assign: variable "w" has shape \[2, 3\], the value \[4\]/,
  ],
  [
    "tensor of ragged rows",
    () => tensor([[1, 2], [3]]),
    ShapeError,
    /^tensor: rows differ in length.*\[2, 2\]/,
  ],
  [
    "tensor of a wrong size",
    () => tensor([1, 2, 3], { shape: [2, 2] }),
    ShapeError,
    /^tensor: shape \[2, 2\] takes 4 elements, and there are 3/,
  ],
  [
    "a negative size",
    () => ones([2, -1]),
    ShapeError,
    /^full: a shape is a list of whole numbers ≥ 0, not \[2,-1\]/,
  ],
  ["a shape that is no list", () => zeros(bad(3)), ShapeError, /^full: a shape is a list/],
  [
    "hostValue",
    () => hostValue(() => [1, 2], { shape: [3] }),
    ShapeError,
    /^hostValue: shape \[3\] takes 3 numbers, and 2/,
  ],
];

const axes: Case[] = [
  [
    "sum over an axis that is not there",
    () => x.sum(2),
    AxisError,
    /^sum: axis 2 does not exist in a tensor of rank 2; use -2 … 1/,
  ],
  ["one of several", () => x.mean([0, -3]), AxisError, /^mean: axis -3/],
  ["an axis named twice", () => x.sum([1, -1]), AxisError, /^sum: axis 1 is named twice/],
  ["permute with an axis twice", () => x.permute(0, 0), AxisError, /^permute: axis 0 is named twice/],
  [
    "an axis of a scalar",
    () => scalar.sum(0),
    AxisError,
    /^sum: axis 0 does not exist: the tensor is a scalar/,
  ],
  ["a fraction as axis", () => x.softmax(0.5), AxisError, /^softmax: axis 0\.5/],
  ["transpose of a vector", () => v.T, AxisError, /^transpose: axis -2/],
  ["concat", () => concat([x, x], 2), AxisError, /^concat: axis 2/],
  ["stack", () => stack([x, x], 3.5), AxisError, /axis 3\.5/],
  ["split", () => x.split(1, 5), AxisError, /^split: axis 5/],
  ["cumsum", () => cumsum(x, -3), AxisError, /^cumsum: axis -3/],
  ["argmax", () => x.argmax(4), AxisError, /^argmax: axis 4/],
  ["take", () => x.take(arange(1), 2), AxisError, /^take: axis 2/],
  ["flip", () => x.flip([0, 2]), AxisError, /^flip: axis 2/],
  ["expandDims", () => x.expandDims(4), AxisError, /^expandDims: axis 4/],
];

const dtypes: Case[] = [
  ["sub of bools", () => bool.sub(bool), DtypeError, /^sub: bool.*cast to int32/],
  ["neg of bools", () => bool.neg(), DtypeError, /^neg: bool.*logicalNot/],
  ["mod of bools", () => bool.mod(bool), DtypeError, /^mod: .*bool/],
  ["floats as indices", () => x.take(v), DtypeError, /^take: indices are int32 or uint8, not float32/],
  ["bools as indices", () => x.gather(bool.reshape(2, 1), 1), DtypeError, /^gather: indices.*bool/],
  ["floats as classes", () => oneHot(v, 3), DtypeError, /^oneHot: indices/],
  ["gradient of integers", () => int.sum().gradient(x), DtypeError, /^gradient: only floats.*int32/],
  [
    "gradient towards integers",
    () => x.sum().gradient(int),
    DtypeError,
    /^gradient: only floats.*input is int32/,
  ],
  [
    "assign",
    () => new Variable(x).assign(int),
    DtypeError,
    /^assign: a variable is float32, the value int32/,
  ],
  [
    "an unknown dtype",
    () => x.cast(bad("float16")),
    DtypeError,
    /unknown dtype "float16"; there are bool, uint8/,
  ],
  ...(
    [
      ["tensor", () => tensor([1], { dtype: bad("int") })],
      ["full", () => full([1], 1, { dtype: bad("int") })],
      ["arange", () => arange(0, 3, 1, { dtype: bad("int") })],
      ["linspace", () => linspace(0, 1, 3, { dtype: bad("int") })],
      ["eye", () => eye(2, 2, { dtype: bad("int") })],
      ["oneHot", () => oneHot(int, 6, { dtype: bad("int") })],
      ["hostValue", () => hostValue(() => 1, { dtype: bad("int") })],
    ] as const
  ).map(([name, call]): Case => [`an unknown dtype of ${name}`, call, DtypeError, /unknown dtype "int"/]),
  [
    "a typed array of no dtype",
    () => tensor(bad(new Int16Array(2))),
    DtypeError,
    /^Int16Array has no tensor dtype/,
  ],
  ["random integers", () => random.normal([2], { dtype: "int32" }), DtypeError, /^random\.normal: .*int32/],
];

const options: Case[] = [
  ["clip without bounds", () => x.clip(), OptionError, /^clip: /],
  ["a slice of step 0", () => x.slice([0, 1, 0]), OptionError, /^slice: a step/],
  ["a slice between fractions", () => x.slice([0.5, 1]), OptionError, /^slice: bounds/],
  [
    "an index of a slice outside",
    () => x.slice(2),
    IndexError,
    /^slice: index 2 is outside axis 0 of size 2; use -2 … 1/,
  ],
  [
    "a negative index outside",
    () => x.slice(null, -4),
    IndexError,
    /^slice: index -4 is outside axis 1 of size 3/,
  ],
  ["tile", () => x.tile([-1]), OptionError, /^tile: /],
  ["repeat", () => x.repeat(1.5, 0), OptionError, /^repeat: /],
  ["split into nothing", () => x.split(0), OptionError, /^split: /],
  ["oneHot of no classes", () => oneHot(int, 0), OptionError, /^oneHot: classes/],
  ["arange without end", () => arange(0, Infinity), OptionError, /^arange: /],
  ["arange of step 0", () => arange(0, 3, 0), OptionError, /^arange: /],
  ["linspace", () => linspace(0, 1, 2.5), OptionError, /^linspace: count/],
  ["linspace to NaN", () => linspace(0, NaN, 3), OptionError, /^linspace: start and stop are finite/],
  ["uniform", () => random.uniform([1], { low: 2, high: 1 }), OptionError, /^random\.uniform: /],
  ["bernoulli", () => random.bernoulli([1], { p: 1.5 }), OptionError, /^random\.bernoulli: p/],
  ["normal", () => random.normal([1], { std: -1 }), OptionError, /^random\.normal: std/],
  ["truncatedNormal", () => truncatedNormal([1], { low: 1, high: 1 }), OptionError, /^truncatedNormal/],
  ["permutation", () => random.permutation(-1), OptionError, /^random\.permutation: n/],
  ["a seed", () => new Generator(0.5), OptionError, /seed is a whole number/],
  ["a counter", () => new Generator(1, -1), OptionError, /counter is a whole number/],
  [
    "customGradient's gradients",
    () =>
      customGradient(
        (a: Tensor) => a.mul(2),
        () => [],
      )(x)
        .sum()
        .gradient(x),
    OptionError,
    /^customGradient: backward gave 0 gradients for 1/,
  ],
  [
    "customGradient's shapes",
    () =>
      customGradient(
        (a: Tensor) => a.mul(2),
        () => [v],
      )(x)
        .sum()
        .gradient(x),
    ShapeError,
    /^customGradient: the gradient of argument 0 has shape \[4\], the argument \[2, 3\]/,
  ],
  [
    "a tensor as a number",
    () => Number(scalar),
    NumericError,
    /is not a number; use its methods, or read it/,
  ],
];

/** The first line of a stack trace outside core's sources: what an editor jumps to. */
const callerIn = (stack: string): string =>
  stack.split("\n").find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !/core[\\/]src[\\/]/.test(line)) ??
  "";

describe.each([
  ["shapes", shapes],
  ["axes", axes],
  ["dtypes", dtypes],
  ["indices and options", options],
])("bad %s: a clear error at the caller's line", (_, cases) => {
  it.each(cases)("%s", (_, call, type, message) => {
    let error: unknown;
    try {
      call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(ChainruleError);
    const { message: text, name, stack } = error as Error;
    expect(text).toMatch(message);
    expect(name).toBe(type.name);
    expect(callerIn(stack!)).toContain("errors.test.ts");
  });
});

describe("an index that is only known when it runs", () => {
  const table = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  it.each([
    ["take", (i: Tensor) => table.take(i)],
    ["gather", (i: Tensor) => table.gather(i.reshape(2, 1), 0)],
    ["scatterAdd", (i: Tensor) => table.scatterAdd(i.reshape(2, 1), ones([2, 1]), 0)],
  ])("%s refuses it by value and axis size, awaited, at once and captured", async (_, use) => {
    for (const index of [3, -1, 2 ** 31 - 1]) {
      const indices = tensor(Int32Array.of(0, index));
      const message = new RegExp(`index ${index} is out of range for an axis of size 3`);
      await expect(use(indices).data()).rejects.toThrow(IndexError);
      expect(() => use(indices).dataSync()).toThrow(message);
      expect(() => compile(use)(indices)).toThrow(message);
    }
    expect((await use(tensor(Int32Array.of(2, 0))).data()).length).toBeGreaterThan(0);
  });
});
