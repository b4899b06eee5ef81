import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  Generator,
  random,
  registerBackend,
  type Tensor,
  threefry2x32,
  withBackend,
  truncatedNormal,
} from "@chainrule/core";
import { reference } from "@chainrule/testkit";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bitsOf, cpuPlugin, numbersOf } from "./support.ts";

beforeAll(() => {
  registerBackend(cpu);
  registerBackend(cpuPlugin("other"));
});
beforeEach(() => random.seed(2024));

const many = 40_000;

function moments(values: readonly number[]): {
  mean: number;
  variance: number;
  skewness: number;
  kurtosis: number;
} {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const moment = (power: number): number =>
    values.reduce((sum, x) => sum + (x - mean) ** power, 0) / values.length;
  const variance = moment(2);
  return { mean, variance, skewness: moment(3) / variance ** 1.5, kurtosis: moment(4) / variance ** 2 };
}

/** √n times the largest distance between the empirical and the true distribution function. */
function kolmogorov(values: readonly number[], distribution: (x: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const distance = sorted.reduce((most, x, i) => {
    const p = distribution(x);
    return Math.max(most, Math.abs(p - i / n), Math.abs((i + 1) / n - p));
  }, 0);
  return distance * Math.sqrt(n);
}

/** Exceeded by chance once in a million: Kolmogorov's 2·e^(−2x²). */
const unlikely = 2.7;

function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

/** Exceeded by chance about once in a million: Wilson and Hilferty's approximation at 4.75 standard deviations. */
const chiLimit = (freedom: number): number =>
  freedom * (1 - 2 / (9 * freedom) + 4.75 * Math.sqrt(2 / (9 * freedom))) ** 3;

const phi = (x: number): number => (1 + reference.erf(x / Math.SQRT2)) / 2;
const dtypes = ["float32", "float64"] as const;

describe("Threefry-2x32-20", () => {
  it("gives the published known answers", () => {
    for (const { key, counter, words } of reference.threefryKnownAnswers) {
      const unsigned = threefry2x32(...key, ...counter).map((word) => word >>> 0);
      expect(unsigned).toEqual(words.map((word) => word >>> 0));
    }
    expect(reference.threefryKnownAnswers.length).toBeGreaterThanOrEqual(3);
  });

  it("takes words of either sign", () => {
    expect(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual(
      threefry2x32(-1, -1, -1, -1),
    );
  });
});

describe.each(dtypes)("%s draws", (dtype) => {
  it("uniform: every multiple of its step alike, in [low, high)", async () => {
    const values = await numbersOf(random.uniform([many], { dtype }));
    const bits = dtype === "float32" ? 24 : 53;
    expect(values.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** bits))).toBe(true);
    expect(kolmogorov(values, (x) => x)).toBeLessThan(unlikely);
    expect(new Set(values.map((x) => (x * 2 ** bits) % 64)).size).toBe(64);
    const { mean, variance } = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * many));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
    const shifted = await numbersOf(random.uniform([many], { dtype, low: -3, high: 5 }));
    expect(Math.min(...shifted)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...shifted)).toBeLessThanOrEqual(5);
    expect(kolmogorov(shifted, (x) => (x + 3) / 8)).toBeLessThan(unlikely);
  });

  it("normal: its moments and its distribution", async () => {
    const values = await numbersOf(random.normal([many], { dtype }));
    expect(values.every(Number.isFinite)).toBe(true);
    expect(kolmogorov(values, phi)).toBeLessThan(unlikely);
    const { mean, variance, skewness, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.035);
    expect(Math.abs(skewness)).toBeLessThan(0.06);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.13);
    const scaled = await numbersOf(random.normal([many], { dtype, mean: 10, std: 3 }));
    expect(kolmogorov(scaled, (x) => phi((x - 10) / 3))).toBeLessThan(unlikely);
  });

  it("truncated normal: within its bounds, with the density cut off there", async () => {
    const cases = [
      {},
      { low: -0.5, high: 3 },
      { mean: 1, std: 2, low: 0, high: 4 },
      { mean: 0, std: 0.02, low: -0.04, high: 0.04 },
    ];
    for (const options of cases) {
      const { mean = 0, std = 1, low = -2, high = 2 } = options;
      const values = await numbersOf(truncatedNormal([many], { dtype, ...options }));
      const slack = dtype === "float32" ? 1e-6 : 0;
      expect(values.every((x) => x >= low - slack && x <= high + slack)).toBe(true);
      const [from, to] = [phi((low - mean) / std), phi((high - mean) / std)];
      expect(kolmogorov(values, (x) => (phi((x - mean) / std) - from) / (to - from))).toBeLessThan(unlikely);
    }
  });

  it("bernoulli: 0 and 1 with the probability asked for, also at its ends", async () => {
    for (const p of [0.1, 0.5, 0.93]) {
      const values = await numbersOf(random.bernoulli([many], { p, dtype }));
      expect(new Set(values)).toEqual(new Set([0, 1]));
      const share = moments(values).mean;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / many));
    }
    expect(moments(await numbersOf(random.bernoulli([1000], { p: 1, dtype }))).mean).toBe(1);
    expect(moments(await numbersOf(random.bernoulli([1000], { p: 0, dtype }))).mean).toBe(0);
    expect(random.bernoulli([2], { dtype }).dtype).toBe(dtype);
  });

  it("neighbours, and one draw and the next, are not related", async () => {
    const [a, b] = [
      await numbersOf(random.normal([many], { dtype })),
      await numbersOf(random.normal([many], { dtype })),
    ];
    const related = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0) / many;
    for (const other of [b, a.slice(1), a.slice(2), a.slice(many / 2)]) {
      expect(Math.abs(related(a, other))).toBeLessThan(5 / Math.sqrt(many));
    }
  });
});

describe("permutations", () => {
  it("hold each number once, of any length", async () => {
    for (const n of [0, 1, 2, 7, 1000]) {
      const order = await random.permutation(n).data();
      expect(order).toBeInstanceOf(Int32Array);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  it("come in every order alike, and put each number in each place alike", () => {
    const generator = new Generator(9);
    const orders = new Map<string, number>();
    const places = Array.from({ length: 8 * 8 }, () => 0);
    for (let i = 0; i < 12_000; i++) {
      const four = generator.permutation(4).join();
      orders.set(four, (orders.get(four) ?? 0) + 1);
      generator.permutation(8).forEach((value, place) => places[place * 8 + value]!++);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare([...orders.values()])).toBeLessThan(chiLimit(23));
    expect(chiSquare(places)).toBeLessThan(chiLimit(49));
  });
});

describe("Generator", () => {
  it("goes on from where a seed and a counter say", () => {
    const generator = new Generator(77);
    generator.nextKey();
    generator.uniform();
    const state = { seed: generator.seed, counter: generator.counter };
    const next = [generator.nextKey(), generator.permutation(5), generator.uniform()];
    const resumed = new Generator(state.seed, state.counter);
    expect([resumed.nextKey(), resumed.permutation(5), resumed.uniform()]).toEqual(next);
    resumed.counter = state.counter;
    expect(resumed.nextKey()).toEqual(next[0]);
  });

  it("uniform() fills [0, 1) alike", () => {
    const generator = new Generator(1);
    const values = Array.from({ length: many }, () => generator.uniform());
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(kolmogorov(values, (x) => x)).toBeLessThan(unlikely);
  });

  it("different seeds, counters and high bits of either give different keys", () => {
    const keys = [
      [0, 0],
      [1, 0],
      [0, 1],
      [2 ** 32, 0],
      [0, 2 ** 32],
      [2 ** 33 + 1, 2 ** 40],
      [Number.MAX_SAFE_INTEGER, 5],
    ].map(([seed, counter]) => new Generator(seed, counter).nextKey().join());
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("a generator of one's own leaves the default one alone", async () => {
    const expected = await bitsOf(random.uniform([4]));
    random.seed(2024);
    random.uniform([4], { generator: new Generator(3) });
    expect(await bitsOf(random.uniform([4]))).toBe(expected);
    expect(random.defaultGenerator.counter).toBe(1);
  });
});

describe("the same seed gives the same numbers", () => {
  const draw = (): Tensor[] => [
    random.uniform([3, 5]),
    random.normal([7]),
    truncatedNormal([4], { dtype: "float64" }),
    random.bernoulli([9], { p: 0.3 }),
    random.permutation(6),
  ];
  const seeded = async (make: () => Tensor[]): Promise<string[]> => {
    random.seed(5);
    return Promise.all(make().map(bitsOf));
  };

  it("captured and uncaptured, on each backend, and whatever else they are fused with", async () => {
    const expected = await seeded(draw);
    expect(await seeded(compile(draw))).toEqual(expected);
    await withBackend("other", async () => expect(await seeded(draw)).toEqual(expected));
    const fused = await seeded(() => draw().map((x) => x.add(0).reshape(-1).flip().flip()));
    expect(fused).toEqual(expected);
  });

  it("whatever the shape, element by element in row-major order", async () => {
    random.seed(5);
    const flat = await bitsOf(random.uniform([12]));
    random.seed(5);
    expect(await bitsOf(random.uniform([3, 2, 2]))).toBe(flat);
    random.seed(5);
    expect((await bitsOf(random.uniform([20]))).startsWith(flat)).toBe(true);
  });

  it("a tensor drawn is one draw, however often it is read", async () => {
    const x = random.uniform([5]);
    const [first, difference] = [await bitsOf(x), x.sub(x)];
    expect(await bitsOf(x)).toBe(first);
    expect(await numbersOf(difference)).toEqual([0, 0, 0, 0, 0]);
  });
});
