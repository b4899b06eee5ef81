import { cpu } from "@chainrule/backend-cpu";
import {
  arange,
  eye,
  full,
  hostValue,
  linspace,
  NumericError,
  oneHot,
  ones,
  onesLike,
  random,
  registerBackend,
  ShapeError,
  type Tensor,
  tensor,
  Variable,
  zeros,
  zerosLike,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { numbersOf } from "./support.ts";

beforeAll(() => registerBackend(cpu));

/** dtype, shape and elements in one. */
const seen = async (x: Tensor): Promise<unknown[]> => [x.dtype, x.shape, await numbersOf(x)];

describe("tensor()", () => {
  it.each([
    ["a number", tensor(3), ["float32", [], [3]]],
    ["a boolean", tensor(true), ["bool", [], [1]]],
    [
      "nested numbers",
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      ["float32", [3, 2], [1, 2, 3, 4, 5, 6]],
    ],
    ["nested booleans", tensor([[true], [false]]), ["bool", [2, 1], [1, 0]]],
    ["numbers and booleans", tensor([1, true]), ["float32", [2], [1, 1]]],
    ["nothing", tensor([]), ["float32", [0], []]],
    ["rows of nothing", tensor([[], []]), ["float32", [2, 0], []]],
    [
      "nested, in another shape",
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { shape: [4, 1] },
      ),
      ["float32", [4, 1], [1, 2, 3, 4]],
    ],
    ["nested, of another dtype", tensor([1.9, -1.9], { dtype: "int32" }), ["int32", [2], [1, -1]]],
    ["numbers as bool", tensor([0, 2, -0, NaN], { dtype: "bool" }), ["bool", [4], [0, 1, 0, 1]]],
    ["wrapping into uint8", tensor([256, -1, 300], { dtype: "uint8" }), ["uint8", [3], [0, 255, 44]]],
    ["a Float32Array", tensor(Float32Array.of(1, 2)), ["float32", [2], [1, 2]]],
    ["a Float64Array", tensor(Float64Array.of(0.1)), ["float64", [1], [0.1]]],
    ["an Int32Array", tensor(Int32Array.of(-7)), ["int32", [1], [-7]]],
    [
      "a Uint8Array with a shape",
      tensor(Uint8Array.of(1, 2, 3, 4), { shape: [2, 2] }),
      ["uint8", [2, 2], [1, 2, 3, 4]],
    ],
    [
      "an array of another dtype",
      tensor(Float64Array.of(1.5, 2e10), { dtype: "float32" }),
      ["float32", [2], [1.5, 2e10]],
    ],
    ["an array as bool", tensor(Float32Array.of(0.5, 0), { dtype: "bool" }), ["bool", [2], [1, 0]]],
    ["an array without elements", tensor(new Float32Array(0), { shape: [0, 4] }), ["float32", [0, 4], []]],
  ])("takes %s", async (_, x, expected) => {
    expect(await seen(x)).toEqual(expected);
  });

  it("copies what it is given, and gives copies", async () => {
    const source = Float32Array.of(1, 2);
    const nested = [[1], [2]];
    const [x, y] = [tensor(source), tensor(nested)];
    source[0] = 9;
    nested[0]![0] = 9;
    expect([await numbersOf(x), await numbersOf(y)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    for (const stage of ["host", "cpu"]) {
      const read = await x.data();
      read[0] = 7;
      x.dataSync()[1] = 7;
      expect([stage, await numbersOf(x)]).toEqual([stage, [1, 2]]);
      await x.add(1).data();
    }
    const part = tensor(new Float32Array([0, 1, 2, 3]).subarray(1, 3));
    expect(await numbersOf(part)).toEqual([1, 2]);
  });

  it.each([
    ["ragged rows", [[1, 2], [3]]],
    ["a number among rows", [[1], 2]],
    ["a row among numbers", [1, [2]]],
    ["rows of different depth", [[[1]], [2]]],
    ["strings", ["1"]],
    ["nothing at all", undefined],
    ["objects", [{ a: 1 }]],
    ["null", [null]],
  ])("refuses %s", (_, value) => {
    expect(() => tensor(value as never)).toThrow(ShapeError);
    expect(() => tensor(value as never)).toThrow(/^tensor: /);
  });

  it("keeps special numbers as they are", async () => {
    const values = [NaN, Infinity, -Infinity, -0, 2 ** -149, 16777217];
    const kept = await numbersOf(tensor(values, { dtype: "float64" }));
    expect(kept.every((x, i) => Object.is(x, values[i]))).toBe(true);
    expect((await numbersOf(tensor(values)))[5]).toBe(16777216);
  });
});

describe("numbers made by rule", () => {
  it.each([
    ["arange(4)", arange(4), ["int32", [4], [0, 1, 2, 3]]],
    ["arange(2, 5)", arange(2, 5), ["int32", [3], [2, 3, 4]]],
    ["arange backwards", arange(5, 0, -2), ["int32", [3], [5, 3, 1]]],
    ["arange of nothing", arange(3, 3), ["int32", [0], []]],
    ["arange the wrong way", arange(0, 3, -1), ["int32", [0], []]],
    ["arange of fractions", arange(0, 1, 0.25), ["float32", [4], [0, 0.25, 0.5, 0.75]]],
    ["arange to a fraction", arange(2.5), ["float32", [3], [0, 1, 2]]],
    ["arange of a dtype", arange(0, 3, 1, { dtype: "float64" }), ["float64", [3], [0, 1, 2]]],
    ["arange of bool", arange(0, 3, 1, { dtype: "bool" }), ["bool", [3], [0, 1, 1]]],
    ["linspace", linspace(0, 1, 5), ["float32", [5], [0, 0.25, 0.5, 0.75, 1]]],
    ["linspace down", linspace(1, -1, 3), ["float32", [3], [1, 0, -1]]],
    ["linspace of one", linspace(3, 9, 1), ["float32", [1], [3]]],
    ["linspace of two", linspace(3, 9, 2), ["float32", [2], [3, 9]]],
    ["linspace of none", linspace(3, 9, 0), ["float32", [0], []]],
    ["linspace of integers", linspace(0, 10, 4, { dtype: "int32" }), ["int32", [4], [0, 3, 6, 10]]],
    ["eye", eye(2), ["float32", [2, 2], [1, 0, 0, 1]]],
    ["eye, wide", eye(2, 3), ["float32", [2, 3], [1, 0, 0, 0, 1, 0]]],
    ["eye, high, of bool", eye(3, 1, { dtype: "bool" }), ["bool", [3, 1], [1, 0, 0]]],
    ["eye of nothing", eye(0), ["float32", [0, 0], []]],
    ["oneHot", oneHot(tensor([2, 0], { dtype: "int32" }), 3), ["float32", [2, 3], [0, 0, 1, 1, 0, 0]]],
    ["oneHot of a scalar", oneHot(tensor(1, { dtype: "uint8" }), 2), ["float32", [2], [0, 1]]],
    ["oneHot outside", oneHot(tensor([-1, 5], { dtype: "int32" }), 2), ["float32", [2, 2], [0, 0, 0, 0]]],
    ["oneHot of a dtype", oneHot(arange(2), 2, { dtype: "int32" }), ["int32", [2, 2], [1, 0, 0, 1]]],
    ["zeros", zeros([2]), ["float32", [2], [0, 0]]],
    ["ones of int32", ones([1, 2], { dtype: "int32" }), ["int32", [1, 2], [1, 1]]],
    ["full of truth", full([2], true), ["bool", [2], [1, 1]]],
    ["full, rounded to float32", full([1], 0.1), ["float32", [1], [Math.fround(0.1)]]],
    ["full, wrapped", full([1], 258, { dtype: "uint8" }), ["uint8", [1], [2]]],
    ["full of no elements", full([0, 2], 5), ["float32", [0, 2], []]],
    ["zerosLike", zerosLike(tensor([[1, 2]], { dtype: "int32" })), ["int32", [1, 2], [0, 0]]],
    ["onesLike", onesLike(tensor([true, false])), ["bool", [2], [1, 1]]],
  ])("%s", async (_, x, expected) => {
    expect(await seen(x)).toEqual(expected);
  });

  it("linspace meets both of its ends exactly, and is symmetrical", async () => {
    for (const [start, stop, count] of [
      [0.1, 0.7, 7],
      [-1, 1, 101],
      [1 / 3, 1e6, 50],
    ] as const) {
      const values = await numbersOf(linspace(start, stop, count, { dtype: "float64" }));
      expect([values[0], values.at(-1)]).toEqual([start, stop]);
      const reversed = await numbersOf(linspace(stop, start, count, { dtype: "float64" }));
      expect(values.toReversed().every((x, i) => Math.abs(x - reversed[i]!) <= 1e-15 * Math.abs(x))).toBe(
        true,
      );
    }
  });
});

describe("reading", () => {
  it("toArray nests as deep as there are axes", async () => {
    expect(await tensor(5).toArray()).toBe(5);
    expect(await tensor([1, 2]).toArray()).toEqual([1, 2]);
    expect(await arange(8).reshape(2, 2, 2).toArray()).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [
        [4, 5],
        [6, 7],
      ],
    ]);
    expect(await zeros([2, 0]).toArray()).toEqual([[], []]);
    expect(await zeros([0, 2]).toArray()).toEqual([]);
    expect(await tensor([[true, false]]).toArray()).toEqual([[1, 0]]);
    expect(await zeros([2, 1, 0]).toArray()).toEqual([[[]], [[]]]);
  });

  it("data gives the dtype's own array", async () => {
    expect(await tensor([1]).data()).toBeInstanceOf(Float32Array);
    expect(await tensor([1], { dtype: "float64" }).add(1).data()).toBeInstanceOf(Float64Array);
    expect(await tensor([1]).less(2).data()).toEqual(Uint8Array.of(1));
    expect(await arange(2).add(1).data()).toEqual(Int32Array.of(1, 2));
  });

  it("item takes the only element, whatever the rank, and no other tensor", async () => {
    expect([await tensor([[[7]]]).item(), tensor(8).itemSync()]).toEqual([7, 8]);
    await expect(tensor([1, 2]).item()).rejects.toThrow(/\[2\] has 2 elements/);
    await expect(zeros([0]).item()).rejects.toThrow(/\[0\] has 0 elements/);
    expect(() => tensor([1, 2]).itemSync()).toThrow(ShapeError);
  });

  it("shape, rank, size, dtype and backend are known without computing", () => {
    const x = tensor([[1, 2, 3]]).T.matmul(ones([1, 4]));
    expect([x.shape, x.rank, x.size, x.dtype, x.backend]).toEqual([[3, 4], 2, 12, "float32", null]);
  });

  it("a tensor in arithmetic or in a template says what it is, and is never NaN", () => {
    const x = tensor([1, 2]) as never as number;
    for (const use of [() => x * 2, () => x + 1, () => -x, () => Math.abs(x), () => x < 3, () => "" + x]) {
      expect(use).toThrow(NumericError);
      expect(use).toThrow(/read it with await t\.item\(\)/);
    }
    expect(`${x}`).toBe("Tensor float32[2] (host)");
    expect(String(new Variable(tensor([1, 2]).exp()))).toMatch(/^Tensor float32\[2\] \(lazy/);
  });
});

it("a tensor keeps its shape when the list that it was made from changes", async () => {
  const shape = [2, 3];
  const tensors = [
    zeros(shape),
    tensor(new Float32Array(6), { shape }),
    ones([6]).reshape(shape),
    ones([1, 3]).broadcastTo(shape),
    random.uniform(shape),
    hostValue(() => [0, 1, 2, 3, 4, 5], { shape }),
  ];
  shape[0] = 7;
  shape.push(4);
  for (const made of tensors) {
    expect(made.shape).toEqual([2, 3]);
    expect(await made.data()).toHaveLength(6);
  }
});
