import { OptionError } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ArrayDataset,
  kFold,
  kFoldIndices,
  readAll,
  splitIndices,
  subset,
  trainTestSplit,
} from "../src/index.ts";

const sorted = (...parts: Int32Array[]): number[] => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const countOf = (indices: Int32Array, labels: readonly number[], label: number): number =>
  indices.filter((index) => labels[index] === label).length;

/** 100 labels: 60 of class 0, 30 of class 1, 10 of class 7. */
const labels = upTo(100).map((i) => (i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 7));

const dataset = new ArrayDataset({
  x: { data: Float32Array.from(upTo(100)), shape: [100, 1] },
  y: { data: Int32Array.from(labels), shape: [100] },
});

describe("splitIndices", () => {
  it("divides all examples by shares or counts, in an order that the seed fixes", () => {
    const split = splitIndices(50, { test: 0.2, validation: 5, seed: 1 });
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([35, 5, 10]);
    expect(sorted(split.train, split.validation, split.test)).toEqual(upTo(50));
    expect(splitIndices(50, { test: 0.2, validation: 5, seed: 1 })).toEqual(split);
    expect(splitIndices(50, { test: 0.2, validation: 5, seed: 2 })).not.toEqual(split);
    expect([...split.test]).not.toEqual(upTo(10));
  });

  it("keeps the proportions of classes where stratified", () => {
    const split = splitIndices(100, { test: 0.2, validation: 0.1, seed: 3, stratify: labels });
    expect([0, 1, 7].map((label) => countOf(split.test, labels, label))).toEqual([12, 6, 2]);
    expect([0, 1, 7].map((label) => countOf(split.validation, labels, label))).toEqual([6, 3, 1]);
    expect([0, 1, 7].map((label) => countOf(split.train, labels, label))).toEqual([42, 21, 7]);
    expect(sorted(split.train, split.validation, split.test)).toEqual(upTo(100));
    // Mixed, not class after class.
    const classes = [...split.train].map((index) => labels[index]!);
    expect(classes).not.toEqual(classes.toSorted((a, b) => a - b));
  });

  it("puts every class into every part, whatever the sizes, or says that it cannot", () => {
    const sizes = fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (classes, test, validation) => {
          const all = classes.flatMap((size, label) => Array.from({ length: size }, () => label));
          let split;
          try {
            split = splitIndices(all.length, { test, validation, seed: 0, stratify: all });
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError);
            return;
          }
          expect([split.test.length, split.validation.length]).toEqual([test, validation]);
          expect(sorted(split.train, split.validation, split.test)).toEqual(upTo(all.length));
          for (const part of Object.values(split)) {
            classes.forEach((_, label) => expect(countOf(part, all, label)).toBeGreaterThan(0));
          }
        },
      ),
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "one class only",
      () => splitIndices(4, { test: 1, seed: 0, stratify: [3, 3, 3, 3] }),
      /one class only, 3,.*do not stratify/,
    ],
    [
      "a class that is too small",
      () => splitIndices(5, { test: 1, validation: 1, seed: 0, stratify: [0, 0, 0, 1, 1] }),
      /class 1 has 2 examples, and each of 3 parts/,
    ],
    [
      "labels of another length",
      () => splitIndices(5, { test: 1, seed: 0, stratify: [0, 1] }),
      /2 labels.*5 examples/,
    ],
    [
      "fewer places than classes",
      () => splitIndices(6, { test: 1, seed: 0, stratify: [0, 0, 1, 1, 2, 2] }),
      /1 examples cannot be shared out to 3 classes/,
    ],
    [
      "a part without examples",
      () => splitIndices(3, { test: 0.1, seed: 0 }),
      /of 3 examples 0 go to the test/,
    ],
    ["all for the test", () => splitIndices(3, { test: 3, seed: 0 }), /0 to training/],
    ["a share that is none", () => splitIndices(3, { test: 1.5, seed: 0 }), /test is 1.5/],
    ["a negative share", () => splitIndices(3, { test: 1, validation: -1, seed: 0 }), /validation is -1/],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(OptionError);
    expect(call).toThrow(message);
  });

  it("trainTestSplit gives the datasets", () => {
    const { train, validation, test } = trainTestSplit(dataset, {
      test: 0.3,
      seed: 4,
      stratify: dataset.columns.y.data,
    });
    const indices = splitIndices(100, { test: 0.3, seed: 4, stratify: labels });
    expect([train.length, validation.length, test.length]).toEqual([70, 0, 30]);
    expect(test.get(0)).toEqual(dataset.get(indices.test[0]!));
    expect(train.get(69)).toEqual(dataset.get(indices.train[69]!));
  });
});

describe("kFoldIndices", () => {
  it("holds out neighbours in order without a seed, and each example once", () => {
    const folds = kFoldIndices(7, { k: 3 });
    expect(folds.map(({ validation }) => [...validation])).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(folds.map(({ train }) => [...train])).toEqual([
      [3, 4, 5, 6],
      [0, 1, 2, 5, 6],
      [0, 1, 2, 3, 4],
    ]);
  });

  it.each([undefined, labels])("is a partition with a seed, the same for the same seed", (stratify) => {
    const options = { k: 4, seed: 5, ...(stratify ? { stratify } : {}) };
    const folds = kFoldIndices(100, options);
    expect(sorted(...folds.map(({ validation }) => validation))).toEqual(upTo(100));
    for (const { train, validation } of folds) {
      expect(validation).toHaveLength(25);
      expect(sorted(train, validation)).toEqual(upTo(100));
    }
    expect(kFoldIndices(100, options)).toEqual(folds);
    expect(kFoldIndices(100, { ...options, seed: 6 })).not.toEqual(folds);
    expect([...folds[0]!.train]).not.toEqual([...folds[0]!.train].toSorted((a, b) => a - b));
  });

  it("spreads each class evenly where stratified", () => {
    for (const { validation } of kFoldIndices(100, { k: 10, seed: 1, stratify: labels })) {
      expect([0, 1, 7].map((label) => countOf(validation, labels, label))).toEqual([6, 3, 1]);
    }
  });

  it.each<[string, () => unknown, RegExp]>([
    ["k above the sample", () => kFoldIndices(3, { k: 4 }), /k is 4, more than the 3 examples/],
    ["k below 2", () => kFoldIndices(3, { k: 1 }), /k is 1/],
    ["one class only", () => kFoldIndices(3, { k: 2, stratify: [1, 1, 1] }), /one class only, 1/],
    [
      "a class smaller than k",
      () => kFoldIndices(4, { k: 2, stratify: [1, 1, 1, 0] }),
      /class 0 has 1 example, and each of 2/,
    ],
  ])("refuses %s", (_, call, message) => expect(call).toThrow(message));

  it("kFold gives the datasets, five by default", () => {
    const folds = kFold(dataset, { seed: 2 });
    expect(folds).toHaveLength(5);
    const [first] = kFoldIndices(100, { seed: 2 });
    expect(folds[0]!.validation.get(3)).toEqual(dataset.get(first!.validation[3]!));
    expect(folds[0]!.train.get(3)).toEqual(dataset.get(first!.train[3]!));
  });
});

describe("readAll", () => {
  it("gives all examples of a dataset as one batch, in its order", async () => {
    expect(await readAll(dataset)).toEqual(dataset.columns);
    const { x, y } = await readAll(subset(dataset, [9, 0]));
    expect([x.shape, [...x.data], [...y.data]]).toEqual([
      [2, 1],
      [9, 0],
      [7, 0],
    ]);
    await expect(readAll(subset(dataset, []))).rejects.toThrow(OptionError);
  });
});
