import { cpu } from "@chainrule/backend-cpu";
import { Generator, OptionError, registerBackend, ShapeError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import {
  ArrayDataset,
  augmentImages,
  type AugmentOptions,
  DataLoader,
  type HostArray,
} from "../src/index.ts";
import { normalNumbers, uniformNumbers } from "../src/augment/draws.ts";
import { elasticField } from "../src/augment/elastic.ts";
import { resample } from "../src/augment/resample.ts";

registerBackend(cpu);

const still = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };
const image = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

describe("resample", () => {
  const at = (affine: object, fill = 0): number[] => [
    ...resample(image, 3, 3, { ...still, ...affine }, null, fill),
  ];

  it("leaves an image alone, moves it by whole and by half pixels, and fills what is outside", () => {
    expect(at({})).toEqual([...image]);
    expect(at({ dx: 1 })).toEqual([2, 3, 0, 5, 6, 0, 8, 9, 0]);
    expect(at({ dy: -1 }, -1)).toEqual([-1, -1, -1, 1, 2, 3, 4, 5, 6]);
    expect(at({ dx: 0.5 })).toEqual([1.5, 2.5, 1.5, 4.5, 5.5, 3, 7.5, 8.5, 4.5]);
  });

  it("turns about the centre, and mirrors", () => {
    expect(at({ xx: 0, xy: 1, yx: -1, yy: 0 })).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3]);
    expect(at({ xx: -1 })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
  });

  it("takes a field of displacements", () => {
    const field = { x: new Float64Array(9).fill(1), y: new Float64Array(9) };
    expect([...resample(image, 3, 3, still, field, 0)]).toEqual(at({ dx: 1 }));
  });
});

describe("elasticField", () => {
  it("is as strong as asked, and smooth", () => {
    const { x, y } = elasticField(20, 12, 3, 4, new Generator(1));
    for (const axis of [x, y]) {
      expect(Math.max(...axis.map(Math.abs))).toBeCloseTo(3, 12);
      for (let i = 0; i < axis.length - 1; i++) {
        if (i % 12 !== 11) expect(Math.abs(axis[i + 1]! - axis[i]!)).toBeLessThan(1.5);
      }
    }
    expect(x).not.toEqual(y);
  });

  it("varies over the distance asked for", () => {
    const correlation = (distance: number): number => {
      let [same, apart] = [0, 0];
      for (let seed = 0; seed < 40; seed++) {
        const { x } = elasticField(32, 32, 1, 4, new Generator(seed));
        for (let row = 8; row < 24; row++) {
          same += x[row * 32 + 8]! ** 2;
          apart += x[row * 32 + 8]! * x[row * 32 + 8 + distance]!;
        }
      }
      return apart / same;
    };
    // White noise blurred by σ has the correlation exp(−d²/4σ²).
    expect(correlation(4)).toBeGreaterThan(0.6);
    expect(correlation(4)).toBeLessThan(0.95);
    expect(Math.abs(correlation(14))).toBeLessThan(0.35);
  });
});

describe("draws", () => {
  it("are uniform and normal: means, variances, and shares within a standard deviation", () => {
    const n = 40_000;
    const shareWithin = (values: Float64Array, bound: number): number =>
      values.reduce((count, value) => count + Number(Math.abs(value) < bound), 0) / n;
    const moments = (values: Float64Array): [number, number] => {
      const mean = values.reduce((sum, value) => sum + value, 0) / n;
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n];
    };
    const [uniform, normal] = [uniformNumbers(new Generator(3), n), normalNumbers(new Generator(4), n)];
    // Four standard errors each.
    expect(Math.abs(moments(uniform)[0])).toBeLessThan(4 / Math.sqrt(3 * n));
    expect(Math.abs(moments(uniform)[1] - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / n));
    expect(Math.abs(moments(normal)[0])).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moments(normal)[1] - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(shareWithin(normal, 1) - 0.6827)).toBeLessThan(4 * Math.sqrt((0.6827 * 0.3173) / n));
  });

  it("take one key each, and begin alike whatever their number", () => {
    const [long, short] = [new Generator(1), new Generator(1)];
    expect(normalNumbers(long, 100).slice(0, 7)).toEqual(normalNumbers(short, 7).slice(0, 7));
    expect([long.counter, short.counter]).toEqual([1, 1]);
    expect(uniformNumbers(new Generator(1), 7)).toHaveLength(7);
  });
});

const size = 9;
/** Twelve images, each a bright square in its own grey. */
const images = new ArrayDataset<"x" | "y">({
  x: {
    data: Float32Array.from({ length: 12 * size * size }, (_, i) => {
      const [n, row, column] = [Math.floor(i / 81), Math.floor((i % 81) / 9), i % 9];
      return row >= 3 && row < 6 && column >= 3 && column < 6 ? 1 + n : 0;
    }),
    shape: [12, size, size],
  },
  y: { data: Int32Array.from({ length: 12 }, (_, i) => i), shape: [12] },
});
const flat: HostArray = { ...images.columns.x, shape: [12, 81] };
const change = (options: AugmentOptions, x: HostArray = images.columns.x, epoch = 0): HostArray =>
  augmentImages(options)(
    { x, y: images.columns.y },
    { epoch, indices: Int32Array.from({ length: x.shape[0]! }, (_, i) => i) },
  ).x;
const centre = ({ data }: HostArray, n: number): [number, number, number] => {
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < 81; i++) {
    const value = data[n * 81 + i]!;
    mass += value;
    x += value * (i % 9);
    y += value * Math.floor(i / 9);
  }
  return [mass, x / mass, y / mass];
};

describe("augmentImages", () => {
  const all = {
    shift: 1,
    rotate: 20,
    scale: 0.1,
    elastic: { strength: 1, smoothness: 3 },
    noise: 0.1,
    seed: 5,
  };

  it("changes nothing unless asked, and never the dataset", () => {
    expect(change({})).toEqual({ ...images.columns.x });
    const before = images.columns.x.data.slice();
    expect(change(all).data).not.toEqual(before);
    expect(images.columns.x.data).toEqual(before);
  });

  it("gives each example the same picture in an epoch, whatever the order and size of batches", async () => {
    const epochs = async (batchSize: number, shuffleSeed: number): Promise<Map<string, string>> => {
      const loader = new DataLoader(images, {
        batchSize,
        shuffle: true,
        seed: shuffleSeed,
        map: augmentImages(all),
      });
      const seen = new Map<string, string>();
      for (let epoch = 0; epoch < 2; epoch++) {
        for await (const { x, y } of loader) {
          const [data, labels] = [await x.data(), await y.data()];
          labels.forEach((label, i) =>
            seen.set(`${epoch} ${label}`, data.slice(i * 81, (i + 1) * 81).join()),
          );
        }
      }
      return seen;
    };
    const [one, other] = [await epochs(5, 1), await epochs(12, 2)];
    expect(one.size).toBe(24);
    for (const [example, picture] of one) expect(other.get(example)).toBe(picture);
    expect(one.get("0 3")).not.toBe(one.get("1 3"));
    expect(change({ ...all, seed: 6 }).data).not.toEqual(change(all).data);
  });

  it("shifts within the bound, keeping what there is", () => {
    const moved = change({ shift: 2 });
    const places = Array.from({ length: 12 }, (_, n) => centre(moved, n));
    places.forEach(([mass, x, y], n) => {
      expect(mass).toBeCloseTo(9 * (1 + n), 3);
      expect(Math.abs(x - 4)).toBeLessThanOrEqual(2);
      expect(Math.abs(y - 4)).toBeLessThanOrEqual(2);
    });
    expect(new Set(places.map(([, x]) => x.toFixed(3))).size).toBe(12);
    expect(places.some(([, x]) => x > 4.5) && places.some(([, x]) => x < 3.5)).toBe(true);
  });

  it("turns about the centre, and changes sizes by at most the share", () => {
    const turned = change({ rotate: 45 });
    const sized = change({ scale: 0.2 });
    for (let n = 0; n < 12; n++) {
      const [, x, y] = centre(turned, n);
      expect([x, y]).toEqual([expect.closeTo(4, 3), expect.closeTo(4, 3)]);
      const [mass] = centre(sized, n);
      expect(mass / (9 * (1 + n))).toBeGreaterThan(0.8 ** 2 - 0.1);
      expect(mass / (9 * (1 + n))).toBeLessThan(1.2 ** 2 + 0.1);
    }
    expect(turned.data).not.toEqual(images.columns.x.data);
    expect(sized.data).not.toEqual(images.columns.x.data);
  });

  it("adds noise of the size asked for, and clips", () => {
    const noisy = change({ noise: 0.5 });
    const errors = Array.from(noisy.data, (value, i) => value - images.columns.x.data[i]!);
    const variance = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
    // Four standard errors over 972 are 0.045.
    expect(Math.abs(variance - 0.25)).toBeLessThan(0.046);
    const clipped = change({ noise: 5, clip: [0, 1] }).data;
    expect([Math.min(...clipped), Math.max(...clipped)]).toEqual([0, 1]);
  });

  it("does not let one option change what another draws", () => {
    const noise = (options: AugmentOptions): number[] => {
      const [with_, without] = [change({ ...options, noise: 1 }), change(options)];
      return Array.from(with_.data, (value, i) => value - without.data[i]!);
    };
    const others = { shift: 1, rotate: 10, elastic: { strength: 1, smoothness: 3 } };
    noise({}).forEach((value, i) => expect(value).toBeCloseTo(noise(others)[i]!, 4));
  });

  it("takes flat images, and channels that move together", () => {
    expect(change({ shift: 2, size: [9, 9] }, flat).data).toEqual(change({ shift: 2 }).data);
    const two: HostArray = {
      data: Float32Array.from({ length: 2 * 81 }, (_, i) => images.columns.x.data[i % 81]!),
      shape: [1, 2, 9, 9],
    };
    const { data } = change({ shift: 2, elastic: { strength: 1, smoothness: 2 } }, two);
    expect(data.slice(0, 81)).toEqual(data.slice(81));
    const fill = change({ shift: 8, fill: 7 }, { data: new Float32Array(81), shape: [1, 9, 9] });
    expect(Math.max(...fill.data)).toBe(7);
  });

  it("refuses options below 0 and arrays that are no images", () => {
    for (const options of [
      { shift: -1 },
      { rotate: NaN },
      { scale: 1 },
      { noise: -1 },
      { elastic: { strength: -1, smoothness: 1 } },
    ]) {
      expect(() => augmentImages(options)).toThrow(OptionError);
    }
    expect(() => change({ shift: 1 }, flat)).toThrow(/\[12, 81\] are no images; give size/);
    expect(() => change({}, { data: new Uint8Array(81), shape: [1, 9, 9] })).toThrow(
      /floats, not a Uint8Array/,
    );
    expect(() => change({ field: "image" })).toThrow(ShapeError);
  });
});
