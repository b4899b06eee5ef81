import { cpu } from "@chainrule/backend-cpu";
import { OptionError, registerBackend } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { ArrayDataset, balancedSampler, type BatchInfo, DataLoader, weightedSampler } from "../src/index.ts";

registerBackend(cpu);

const count = (order: Int32Array, index: number): number => order.filter((value) => value === index).length;
const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
const dataset = new ArrayDataset({
  x: { data: Float32Array.from(labels, (_, i) => i), shape: [10, 1] },
  y: { data: Int32Array.from(labels), shape: [10] },
});

describe("weightedSampler", () => {
  it("draws in proportion to the weights, and never what has none", () => {
    const { order } = weightedSampler([1, 0, 3, 0], { count: 20_000 });
    const drawn = order(1, 0);
    expect(drawn).toHaveLength(20_000);
    expect([count(drawn, 1), count(drawn, 3)]).toEqual([0, 0]);
    // Three standard deviations of a share of 3/4 over 20,000 draws are 0.0092.
    expect(Math.abs(count(drawn, 2) / 20_000 - 0.75)).toBeLessThan(0.0092);
  });

  it("draws each at most once without replacement, the heavy ones first", () => {
    const sampler = weightedSampler([1, 100, 1, 100, 0], { count: 2, replacement: false });
    const orders = Array.from({ length: 200 }, (_, epoch) => [...sampler.order(3, epoch)]);
    for (const order of orders) expect(new Set(order).size).toBe(2);
    expect(orders.filter((order) => order.toSorted((a, b) => a - b).join() === "1,3").length).toBeGreaterThan(
      180,
    );
    expect(orders.flat()).not.toContain(4);
  });

  it("is fixed by seed and epoch", () => {
    for (const replacement of [true, false]) {
      const sampler = weightedSampler([1, 2, 3, 4, 5, 6], { replacement });
      expect(sampler.order(1, 2)).toEqual(sampler.order(1, 2));
      expect(sampler.order(1, 3)).not.toEqual(sampler.order(1, 2));
      expect(sampler.order(2, 2)).not.toEqual(sampler.order(1, 2));
    }
  });

  it.each<[string, () => unknown, RegExp]>([
    ["negative weights", () => weightedSampler([1, -1]), /weight 1 is -1/],
    ["NaN", () => weightedSampler([NaN]), /weight 0 is NaN/],
    ["no weight at all", () => weightedSampler([0, 0]), /no weight is above 0/],
    [
      "too many draws",
      () => weightedSampler([1, 0], { replacement: false }),
      /2 draws without replacement from 1/,
    ],
    ["no draws", () => weightedSampler([1], { count: 0 }), /count is 0/],
  ])("refuses %s", (_, call, message) => expect(call).toThrow(message));
});

describe("balancedSampler", () => {
  it("draws each class as often, small ones several times, large ones in turn", () => {
    const sampler = balancedSampler(labels, { count: 9 });
    const drawn = sampler.order(7, 0);
    expect([0, 1, 2].map((label) => drawn.filter((i) => labels[i] === label).length)).toEqual([3, 3, 3]);
    expect(count(drawn, 9)).toBe(3);
    expect(new Set([...drawn].filter((i) => i < 6)).size).toBe(3);
    expect(new Set([...drawn].filter((i) => i >= 6 && i < 9)).size).toBe(3);
    const classes = [...drawn].map((i) => labels[i]!);
    expect(classes).not.toEqual(classes.toSorted((a, b) => a - b));
  });

  it("shares out what does not divide, differing by one, to a class that is drawn", () => {
    const sampler = balancedSampler(labels);
    const more = new Set<number>();
    for (let epoch = 0; epoch < 30; epoch++) {
      const drawn = sampler.order(0, epoch);
      const sizes = [0, 1, 2].map((label) => drawn.filter((i) => labels[i] === label).length);
      expect(sizes.toSorted((a, b) => a - b)).toEqual([3, 3, 4]);
      more.add(sizes.indexOf(4));
    }
    expect(more.size).toBe(3);
    expect(sampler.order(0, 1)).toEqual(sampler.order(0, 1));
    expect(() => balancedSampler([])).toThrow(OptionError);
  });
});

describe("DataLoader with a sampler", () => {
  const sampler = balancedSampler(labels, { count: 12 });
  const epoch = (loader: DataLoader): number[] => [...loader].flatMap(({ x }) => [...x.dataSync()]);

  it("takes the sampler's examples, epoch by epoch, and counts them", () => {
    const loader = new DataLoader(dataset, { batchSize: 5, sampler, seed: 3 });
    expect(loader).toMatchObject({ length: 3, examples: 12 });
    expect(epoch(loader)).toEqual([...sampler.order(3, 0)]);
    expect(epoch(loader)).toEqual([...sampler.order(3, 1)]);
    expect(new DataLoader(dataset, { batchSize: 5, sampler, dropLast: true })).toMatchObject({
      length: 2,
      examples: 10,
    });
  });

  it("is resumed from its state", () => {
    const loader = new DataLoader(dataset, { batchSize: 4, sampler, seed: 5 });
    epoch(loader);
    const state = JSON.parse(JSON.stringify(loader.state));
    const next = epoch(loader);
    const other = new DataLoader(dataset, { batchSize: 4, sampler, seed: 99 });
    other.state = state;
    expect(epoch(other)).toEqual(next);
  });

  it("refuses a sampler for other data, and shuffling on top", () => {
    expect(() => new DataLoader(dataset, { sampler: balancedSampler([0, 1]) })).toThrow(
      /made for 2 examples.*has 10/,
    );
    expect(() => new DataLoader(dataset, { sampler, shuffle: true })).toThrow(/leave out shuffle/);
  });

  it("tells map the epoch and the examples of each batch", async () => {
    const seen: BatchInfo[] = [];
    const loader = new DataLoader(dataset, {
      batchSize: 6,
      shuffle: true,
      seed: 1,
      prefetch: 2,
      map: (batch, info) => {
        seen.push(info);
        expect([...batch.x.data]).toEqual([...info.indices]);
        return batch;
      },
    });
    for await (const _ of loader);
    for (const _ of loader);
    expect(seen.map((info) => [info.epoch, info.indices.length])).toEqual([
      [0, 6],
      [0, 4],
      [1, 6],
      [1, 4],
    ]);
  });
});
