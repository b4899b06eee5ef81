import { cpu } from "@chainrule/backend-cpu";
import { IndexError, OptionError, registerBackend, ShapeError, tensor } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import {
  ArrayDataset,
  type Dataset,
  mapExamples,
  randomSplit,
  stackExamples,
  subset,
  take,
  tensorDataset,
} from "../src/index.ts";

registerBackend(cpu);

const squares = new ArrayDataset({
  x: { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), shape: [4, 2] },
  y: { data: Int32Array.of(0, 10, 20, 30), shape: [4] },
});

describe("ArrayDataset", () => {
  it("reads examples and batches, in any order and repeatedly", () => {
    expect(squares.length).toBe(4);
    expect(squares.get(2)).toEqual({
      x: { data: Float32Array.of(4, 5), shape: [2] },
      y: { data: Int32Array.of(20), shape: [] },
    });
    expect(squares.batch(Int32Array.of(3, 0, 3))).toEqual({
      x: { data: Float32Array.of(6, 7, 0, 1, 6, 7), shape: [3, 2] },
      y: { data: Int32Array.of(30, 0, 30), shape: [3] },
    });
  });

  it("hands bytes out as float32 times the scale, each value correctly rounded", () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { x } = new ArrayDataset({ x: { data, shape: [256], scale: 1 / 255 } }).batch(
      Int32Array.from(data),
    );
    expect(x.data).toEqual(Float32Array.from(data, (byte) => byte / 255));
  });

  it("keeps bool where the column says so", () => {
    const flags = new ArrayDataset({ x: { data: Uint8Array.of(1, 0), shape: [2], dtype: "bool" } });
    expect(flags.get(0).x.dtype).toBe("bool");
  });

  it("refuses columns that do not fit", () => {
    const data = new Float32Array(4);
    expect(() => new ArrayDataset({ x: { data, shape: [2, 3] } })).toThrow(ShapeError);
    expect(() => new ArrayDataset({ x: { data, shape: [4] }, y: { data, shape: [2, 2] } })).toThrow(
      /"x" has 4 examples, field "y" has 2/,
    );
    expect(() => new ArrayDataset({ x: { data, shape: [4], scale: 2 } })).toThrow(OptionError);
    expect(() => new ArrayDataset({})).toThrow(OptionError);
    expect(() => squares.batch(Int32Array.of(4))).toThrow(IndexError);
    expect(() => squares.get(-1)).toThrow(/example -1 of 4/);
  });

  it("is made from tensors", async () => {
    const dataset = await tensorDataset({
      x: tensor([
        [1, 2],
        [3, 4],
      ]),
      y: tensor([true, false]),
    });
    expect(dataset.get(1)).toEqual({
      x: { data: Float32Array.of(3, 4), shape: [2], dtype: "float32" },
      y: { data: Uint8Array.of(0), shape: [], dtype: "bool" },
    });
  });
});

describe("views of a dataset", () => {
  const labels = (dataset: Dataset): number[] =>
    Array.from(
      { length: dataset.length },
      (_, i) => (dataset.get(i) as { y: { data: Int32Array } }).y.data[0]!,
    );

  it("subset and take choose examples", () => {
    expect(labels(subset(squares, [3, 1, 1]))).toEqual([30, 10, 10]);
    expect(subset(squares, [3, 1]).batch!(Int32Array.of(1, 0))).toEqual(squares.batch(Int32Array.of(1, 3)));
    expect(labels(take(subset(squares, [3, 1, 0]), 2))).toEqual([30, 10]);
    expect(take(squares, 100).length).toBe(4);
  });

  it("refuse what is not there", () => {
    expect(() => subset(squares, [0, 4])).toThrow(/index 4 of a dataset of 4/);
    expect(() => subset(squares, [0.5])).toThrow(IndexError);
    expect(() => subset(squares, [1]).get(1)).toThrow(IndexError);
    expect(() => subset(squares, [1]).batch!(Int32Array.of(0, 1))).toThrow(/example 1 of 1/);
    expect(() => take(squares, 0)).toThrow(OptionError);
  });

  it("randomSplit cuts into disjoint parts that the seed fixes", () => {
    const [a, b] = randomSplit(squares, [3, 1], { seed: 5 });
    expect([...labels(a!), ...labels(b!)].toSorted((p, q) => p - q)).toEqual([0, 10, 20, 30]);
    expect(labels(randomSplit(squares, [3, 1], { seed: 5 })[0]!)).toEqual(labels(a!));
    expect(() => randomSplit(squares, [3, 2], { seed: 5 })).toThrow(
      /3 \+ 2 must be counts that sum to the dataset's 4/,
    );
  });

  it("mapExamples changes examples as they are read, promises too", async () => {
    const sum = mapExamples(squares, ({ x }, i) => ({
      total: { data: Float32Array.of(x.data[0]! + x.data[1]! + 100 * i), shape: [] },
    }));
    expect(sum.get(2)).toEqual({ total: { data: Float32Array.of(209), shape: [] } });
    const later = mapExamples(
      mapExamples(squares, async (example) => example),
      ({ y }) => ({ y }),
    );
    expect(await later.get(3)).toEqual({ y: { data: Int32Array.of(30), shape: [] } });
  });

  it("stackExamples names the field and the example that do not fit", () => {
    const one = (length: number) => ({ x: { data: new Float32Array(length), shape: [length] } });
    expect(stackExamples([one(2), one(2)])).toEqual({ x: { data: new Float32Array(4), shape: [2, 2] } });
    expect(() => stackExamples([one(2), one(2), one(3)])).toThrow(
      /field "x".*example 0 has Float32Array \[2\], example 2 has Float32Array \[3\]/,
    );
  });
});
