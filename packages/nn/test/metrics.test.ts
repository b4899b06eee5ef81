import { IndexError, OptionError, ShapeError, tensor, zeros } from "@chainrule/core";
import { accuracy, ConfusionMatrix, confusionMatrix } from "@chainrule/nn";
import { describe, expect, test } from "vitest";
import { int32 } from "./setup.ts";

describe("accuracy", () => {
  const outputs = tensor([[0.1, 0.7, 0.2], [3, 1, 2], [0, 0, 1], [5, 6, 4]]); // prettier-ignore

  test("is the share of rows whose largest output is the label's", async () => {
    expect(await accuracy(outputs, int32([1, 0, 1, 1])).item()).toBe(0.75);
    const oneHot = tensor([[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]); // prettier-ignore
    expect(await accuracy(outputs, oneHot).item()).toBe(0.75);
    expect(await accuracy(tensor([1, 3, 2]), int32(1)).item()).toBe(1);
  });

  test("refuses labels of another shape", () => {
    expect(() => accuracy(outputs, int32([1, 0]))).toThrow(ShapeError);
    expect(() => accuracy(zeros([4, 3, 2]), int32([1, 0, 1, 1]))).toThrow("accuracy");
  });
});

describe("ConfusionMatrix", () => {
  test("counts batch by batch", () => {
    const matrix = new ConfusionMatrix(["cat", "dog", "eel"]);
    matrix.update([0, 1, 1], [0, 1, 0]);
    matrix.update(Int32Array.of(0, 1), Uint8Array.of(0, 1));
    expect(matrix.counts).toEqual([
      [2, 1, 0],
      [0, 2, 0],
      [0, 0, 0],
    ]);
    expect(matrix.total).toBe(5);
    expect(matrix.accuracy).toBe(0.8);
    expect(matrix.precision).toEqual([1, 2 / 3, Number.NaN]);
    expect(matrix.recall).toEqual([2 / 3, 1, Number.NaN]);
    expect(String(matrix)).toBe(
      [
        "true \\ predicted  cat  dog  eel   recall",
        "────────────────  ───  ───  ───  ───────",
        "cat                 2    1    0   66.7 %",
        "dog                 0    2    0  100.0 %",
        "eel                 0    0    0        –",
      ].join("\n"),
    );
    matrix.reset();
    expect(matrix.total).toBe(0);
    expect(matrix.accuracy).toBeNaN();
  });

  test("in one go", () => {
    expect(confusionMatrix([1, 1], [0, 1], 2).counts).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test("a value that is no class is named, and nothing is counted", () => {
    const matrix = new ConfusionMatrix(2);
    expect(() => matrix.update([0, 1], [0, 2])).toThrow(IndexError);
    expect(() => matrix.update([0, -1], [0, 1])).toThrow(
      "prediction -1 at 1 is not a class; there are 0 … 1",
    );
    expect(() => matrix.update([0], [0, 1])).toThrow(ShapeError);
    expect(matrix.total).toBe(0);
    expect(() => new ConfusionMatrix(0)).toThrow(OptionError);
    expect(() => new ConfusionMatrix([])).toThrow(OptionError);
  });
});
