import { cpu } from "@chainrule/backend-cpu";
import { OptionError, random, registerBackend, StateError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import {
  ArrayDataset,
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  epochOrder,
  type Fields,
} from "../src/index.ts";

registerBackend(cpu);

const count = 10;
const digits = new ArrayDataset({
  x: { data: Float32Array.from({ length: count * 2 }, (_, i) => i), shape: [count, 2] },
  y: { data: Uint8Array.from({ length: count }, (_, i) => i), shape: [count] },
});

/** The labels of one epoch, batch by batch. */
function epoch(loader: DataLoader): number[][] {
  return Array.from(loader, ({ y }) => [...y.dataSync()]);
}

async function asyncEpoch(loader: DataLoader): Promise<number[][]> {
  const labels: number[][] = [];
  for await (const { y } of loader) labels.push([...(await y.data())]);
  return labels;
}

describe("DataLoader", () => {
  it("cuts the data into batches of tensors, the last one smaller", () => {
    const loader = new DataLoader(digits, { batchSize: 4 });
    expect(loader).toMatchObject({ length: 3, examples: 10 });
    const batches = [...loader];
    expect(batches.map(({ x, y }) => [x.shape, x.dtype, y.shape, y.dtype])).toEqual([
      [[4, 2], "float32", [4], "uint8"],
      [[4, 2], "float32", [4], "uint8"],
      [[2, 2], "float32", [2], "uint8"],
    ]);
    expect([...batches[2]!.x.dataSync()]).toEqual([16, 17, 18, 19]);
  });

  it("leaves the smaller batch out on demand", () => {
    const loader = new DataLoader(digits, { batchSize: 4, dropLast: true });
    expect(loader).toMatchObject({ length: 2, examples: 8 });
    expect(epoch(loader)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  it("has another order each epoch, the same ones for the same seed, by either way of iterating", async () => {
    const options = { batchSize: 3, shuffle: true, seed: 7 };
    const [a, b] = [new DataLoader(digits, options), new DataLoader(digits, options)];
    const orders = [epoch(a), epoch(a)];
    expect(orders[0]!.flat().toSorted((p, q) => p - q)).toEqual([...digits.columns.y.data]);
    expect(orders[0]).not.toEqual(orders[1]);
    expect([await asyncEpoch(b), await asyncEpoch(b)]).toEqual(orders);
    expect(epoch(new DataLoader(digits, { ...options, seed: 8 }))).not.toEqual(orders[0]);
  });

  it("keeps the published orders, whatever else is drawn from the same seed", () => {
    random.seed(7);
    expect(epochOrder(8, 7, 0).toSorted()).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
    expect(epochOrder(8, 7, 0)).not.toEqual(random.defaultGenerator.permutation(8));
    expect(epochOrder(8, 7, 3)).toEqual(epochOrder(8, 7, 3));
  });

  it("takes its seed from the default generator where none is given", () => {
    const shuffled = (): number[][] => {
      random.seed(3);
      return epoch(new DataLoader(digits, { batchSize: 10, shuffle: true }));
    };
    expect(shuffled()).toEqual(shuffled());
  });

  it("goes on from a saved state, and an epoch that was left counts", () => {
    const options = { batchSize: 5, shuffle: true };
    const loader = new DataLoader(digits, { ...options, seed: 1 });
    for (const batch of loader) {
      void batch;
      break;
    }
    const state = JSON.parse(JSON.stringify(loader.state)) as typeof loader.state;
    expect(state).toEqual({ seed: 1, epoch: 1 });
    const other = new DataLoader(digits, { ...options, seed: 99 });
    other.state = state;
    expect(epoch(other)).toEqual(epoch(loader));
  });

  it("maps batches on the host, before they are tensors", async () => {
    const map = ({ x, y }: Fields): Fields => ({ x: { ...x, shape: [x.shape[0]!, 1, 2] }, y });
    expect([...new DataLoader(digits, { batchSize: 4, map })].map(({ x }) => x.shape)).toEqual([
      [4, 1, 2],
      [4, 1, 2],
      [2, 1, 2],
    ]);
    const later = new DataLoader(digits, { batchSize: 5, map: async (batch) => map(batch) });
    expect(await asyncEpoch(later)).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ]);
    expect(() => [...later]).toThrow(StateError);
  });

  it("reads no further ahead than asked, and keeps the order", async () => {
    let [reading, most] = [0, 0];
    const slow: Dataset = {
      length: 12,
      get: async (i) => {
        most = Math.max(most, ++reading);
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 3));
        reading--;
        return digits.get(i % count);
      },
    };
    const labels = await asyncEpoch(new DataLoader(slow, { batchSize: 1, prefetch: 3 }));
    expect(labels.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(most).toBe(4);
    reading = most = 0;
    await asyncEpoch(new DataLoader(slow, { batchSize: 1 }));
    expect(most).toBe(1);
  });

  it("reports a failed read when its turn comes, and not at all if the loop ends before", async () => {
    const broken: Dataset = {
      length: 4,
      get: async (i) => {
        if (i === 2) throw new Error("no example 2");
        return digits.get(i);
      },
    };
    const loader = new DataLoader(broken, { prefetch: 4 });
    const seen: number[][] = [];
    await expect(async () => {
      for await (const { y } of loader) seen.push([...(await y.data())]);
    }).rejects.toThrow("no example 2");
    expect(seen).toEqual([[0], [1]]);
    for await (const batch of loader) {
      void batch;
      break;
    }
  });

  it.each<[DataLoaderOptions, RegExp]>([
    [{ batchSize: 0 }, /batchSize is 0/],
    [{ batchSize: 2.5 }, /batchSize is 2\.5/],
    [{ batchSize: NaN }, /batchSize is NaN/],
    [{ prefetch: -1 }, /prefetch is -1/],
    [{ seed: -1 }, /seed is -1/],
    [{ batchSize: 11, dropLast: true }, /leaves no batch of 10 examples/],
  ])("refuses %o", (options, message) => {
    expect(() => new DataLoader(digits, options)).toThrow(OptionError);
    expect(() => new DataLoader(digits, options)).toThrow(message);
  });

  it("refuses an empty dataset", () => {
    const empty: Dataset = { length: 0, get: () => digits.get(0) };
    expect(() => new DataLoader(empty)).toThrow(/length is 0/);
  });
});
