import { describe, expect, test } from "vitest";
import { flopsOf } from "../src/case.ts";
import { denseNetwork, digitReader, trainingCase } from "../src/cases.ts";
import { epochOrder, initialParameters, productInputs, trainingBatch } from "../src/inputs.ts";
import { parametersOf } from "../src/network.ts";
import { RooflineMeter } from "../src/roofline/measure.ts";
import { flopsPerTurn, peakModule } from "../src/roofline/module.ts";
import { median, minimum } from "../src/statistics.ts";
import { interleave, type TimingSettings } from "../src/timing.ts";

describe("statistics", () => {
  test("median of odd and even counts, in any order, without touching the values", () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9])).toBe(9.5);
    expect(() => median([])).toThrow(RangeError);
  });

  test("minimum", () => {
    expect(minimum([3, 1, 2])).toBe(1);
    expect(() => minimum([])).toThrow(RangeError);
  });
});

describe("work", () => {
  test("operations are counted without the gradient of the input", () => {
    expect(flopsOf({ kind: "product", n: 10, form: "NT" })).toBe(2000);
    expect(flopsOf(trainingCase(denseNetwork(784, 128, 10), "adam", 1))).toBe(
      2 * 784 * 128 * 2 + 2 * 128 * 10 * 3,
    );
  });

  test("of other networks as well, per example of a batch", () => {
    const filters = [28 * 28 * 8 * 25, 14 * 14 * 16 * 8 * 25] as const;
    const dense = 784 * 128 + 128 * 10;
    expect(flopsOf(trainingCase(digitReader, "adam", 32))).toBe(
      2 * 32 * (2 * filters[0] + 3 * (filters[1] + dense)),
    );
    expect(parametersOf(digitReader).map(({ shape }) => shape)).toEqual([
      [8, 1, 5, 5],
      [8],
      [16, 8, 5, 5],
      [16],
      [128, 784],
      [128],
      [10, 128],
      [10],
    ]);
  });

  test("inputs are the same each time, within bounds, and told apart", () => {
    const work = trainingCase(denseNetwork(784, 128, 10), "adam", 32);
    const { x, target } = trainingBatch(work);
    expect(trainingBatch(work).x).toEqual(x);
    expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...x)).toBeLessThan(1);
    expect(new Set(target).size).toBe(10);
    const [weight, bias] = initialParameters(work.network);
    expect(weight).toHaveLength(784 * 128);
    expect(Math.max(...bias!.map(Math.abs))).toBeLessThanOrEqual(Math.fround(1 / 28));
    const { a, b } = productInputs({ kind: "product", n: 8, form: "NN" });
    expect(a).not.toEqual(b);
  });

  test("a transposed operand is the same matrix", () => {
    const n = 5;
    const { b } = productInputs({ kind: "product", n, form: "NN" });
    const { b: stored } = productInputs({ kind: "product", n, form: "NT" });
    expect(stored[1 * n + 3]).toBe(b[3 * n + 1]);
  });

  test("an epoch is a permutation, and the next one another", () => {
    const order = epochOrder(1000, 0);
    expect(order.toSorted()).toEqual(Int32Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(1000, 1)).not.toEqual(order);
  });
});

describe("timing", () => {
  const settings: TimingSettings = {
    warmUp: 10,
    repetition: 10,
    repetitions: 4,
    budget: 1000,
    leastRepetitions: 2,
    patience: 1000,
  };

  test("repetitions are taken in turns, and everyone begins a round in turn", async () => {
    const log: string[] = [];
    const timed = (name: string, each: number) => ({
      async run(times: number) {
        log.push(name);
        return times * each;
      },
    });
    const rounds: number[] = [];
    const timings = await interleave([timed("a", 5), timed("b", 10)], settings, () =>
      rounds.push(log.length),
    );
    expect(timings).toEqual([{ samples: [5, 5, 5, 5] }, { samples: [10, 10, 10, 10] }]);
    expect(log.slice(rounds[0])).toEqual(["a", "b", "b", "a", "a", "b", "b", "a"]);
  });

  test("a slow one stops when it has done enough, one that fails gives its error", async () => {
    let calls = 0;
    const slow = { run: async () => 600 };
    const failing = {
      async run() {
        if (++calls > 3) throw new Error("gone");
        return 10;
      },
    };
    let slowRuns = 0;
    const slower = { run: async () => 1100 + slowRuns++ };
    const [first, second, third] = await interleave([slow, failing, slower], settings);
    expect(first).toEqual({ samples: [600, 600] });
    expect(second).toMatchObject({ error: { message: "gone" } });
    expect(third).toEqual({ samples: [1100] });
    expect(slowRuns).toBe(1);
  });
});

describe("roofline", () => {
  test.each(["relaxed-simd", "simd"] as const)(
    "the %s module adds x·y in every accumulator",
    (instructions) => {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(peakModule(instructions)));
      const peak = exports["peak"] as (turns: number, x: number, y: number) => number;
      expect(peak(10, 0.5, 0.25)).toBe((10 * 0.5 * 0.25 * flopsPerTurn) / 8);
    },
  );

  test("SIMD beats scalars", () => {
    const { wasmGflops, scalarGflops } = new RooflineMeter().roofline;
    expect(scalarGflops).toBeGreaterThan(0);
    expect(wasmGflops).toBeGreaterThan(scalarGflops);
  });
});
