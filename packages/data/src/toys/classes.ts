import { Generator, OptionError } from "@chainrule/core";
import type { ArrayDataset } from "../array-dataset.ts";
import { between } from "../random-numbers.ts";
import { checkToy, classified, type LabelledPoint, type ToyOptions } from "./points.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * Two half circles that reach into each other, classes 0 (above) and 1: (cos t, sin t) and (1 − cos t, ½ − sin t) for
 * t evenly in [0, π]. Defaults: 200 points, noise 0.1.
 *
 * @see scikit-learn's make_moons
 */
export function moons(options: ToyOptions = {}): ArrayDataset {
  const { count = 200, noise = 0.1, seed = 0 } = options;
  checkToy("moons", count, noise, 4);
  const upper = Math.floor(count / 2);
  const angle = (i: number, n: number): number => (Math.PI * i) / (n - 1);
  const points = range(count).map((i): LabelledPoint => {
    if (i < upper) return [0, Math.cos(angle(i, upper)), Math.sin(angle(i, upper))];
    const t = angle(i - upper, count - upper);
    return [1, 1 - Math.cos(t), 0.5 - Math.sin(t)];
  });
  return classified(points, noise, new Generator(seed));
}

/** Options of `circles`. */
export interface CirclesOptions extends ToyOptions {
  /** Radius of the inner circle, the outer one's being 1; default 0.5. */
  readonly factor?: number;
}

/** Two circles around the origin, class 0 with radius 1 and class 1 inside. Defaults: 200 points, noise 0.05. */
export function circles(options: CirclesOptions = {}): ArrayDataset {
  const { count = 200, noise = 0.05, seed = 0, factor = 0.5 } = options;
  checkToy("circles", count, noise, 2);
  if (!(factor > 0 && factor < 1))
    throw new OptionError(`circles: factor is ${factor}; it must lie between 0 and 1`);
  const outer = Math.ceil(count / 2);
  const points = range(count).map((i): LabelledPoint => {
    const inside = i >= outer;
    const t = 2 * Math.PI * (inside ? (i - outer) / (count - outer) : i / outer);
    const radius = inside ? factor : 1;
    return [Number(inside), radius * Math.cos(t), radius * Math.sin(t)];
  });
  return classified(points, noise, new Generator(seed));
}

/** Options of `spirals`. */
export interface SpiralsOptions extends ToyOptions {
  /** Arms; default 2. */
  readonly classes?: number;
  /** Times that an arm goes round; default 1. */
  readonly turns?: number;
}

/**
 * Arms that wind out from the origin to radius 1, a class each: r = t and angle 2π(turns·t + class/classes) for t in
 * (0, 1]. Defaults: 300 points, noise 0.02.
 */
export function spirals(options: SpiralsOptions = {}): ArrayDataset {
  const { count = 300, noise = 0.02, seed = 0, classes = 2, turns = 1 } = options;
  if (!Number.isInteger(classes) || classes < 1)
    throw new OptionError(`spirals: classes is ${classes}; give 1 or more`);
  checkToy("spirals", count, noise, classes);
  const points = range(count).map((i): LabelledPoint => {
    const label = i % classes;
    const t = (Math.floor(i / classes) + 1) / Math.ceil(count / classes);
    const angle = 2 * Math.PI * (turns * t + label / classes);
    return [label, t * Math.cos(angle), t * Math.sin(angle)];
  });
  return classified(points, noise, new Generator(seed));
}

/** Options of `blobs`; `noise` is their standard deviation, 1 unless given. */
export interface BlobsOptions extends ToyOptions {
  /** A centre for each class, or how many to draw in [−10, 10]²; default 3. */
  readonly centers?: number | readonly (readonly number[])[];
}

/** Normal clouds around centres, a class each. Default: 300 points. @throws OptionError for centres of different lengths. */
export function blobs(options: BlobsOptions = {}): ArrayDataset {
  const { count = 300, noise = 1, seed = 0, centers = 3 } = options;
  const generator = new Generator(seed);
  const places =
    typeof centers === "number"
      ? range(centers).map(() => [between(generator, -10, 10), between(generator, -10, 10)])
      : centers;
  const [first] = places;
  if (!first || first.length === 0 || places.some((place) => place.length !== first.length)) {
    throw new OptionError("blobs: give at least one centre, all with as many coordinates");
  }
  checkToy("blobs", count, noise, places.length);
  const points = range(count).map((i): LabelledPoint => [i % places.length, ...places[i % places.length]!]);
  return classified(points, noise, generator);
}

/**
 * Points of [−1, 1]² with class 1 where the signs of the coordinates differ. Defaults: 200 points, no noise. The noise
 * comes after the class, so that it blurs the boundary. With `count: 4` the truth table of exclusive or: the corners
 * of {0, 1}².
 */
export function xor(options: ToyOptions = {}): ArrayDataset {
  const { count = 200, noise = 0, seed = 0 } = options;
  checkToy("xor", count, noise, 4);
  const generator = new Generator(seed);
  const points = range(count).map((i): LabelledPoint => {
    const [a, b] = [i & 1, (i >> 1) & 1] as const;
    if (count === 4) return [a ^ b, a, b];
    // Every quadrant gets as many, none of them on an axis.
    const along = (sign: number): number => (sign === 0 ? -1 : 1) * (1 - generator.uniform());
    return [a ^ b, along(a), along(b)];
  });
  return classified(points, noise, generator);
}
