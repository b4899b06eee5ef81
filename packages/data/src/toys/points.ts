import { type Generator, OptionError } from "@chainrule/core";
import { ArrayDataset } from "../array-dataset.ts";
import { normal } from "../random-numbers.ts";

/** What every toy set takes. */
export interface ToyOptions {
  /** Examples. */
  readonly count?: number;
  /** Standard deviation of normal noise on each coordinate, or on the target of a regression. */
  readonly noise?: number;
  /** Default 0; the same seed gives the same numbers everywhere. */
  readonly seed?: number;
}

/** Points of a plane, or of more axes, with their class. */
export type LabelledPoint = readonly [label: number, ...coordinates: number[]];

/** @throws OptionError for a count below `least` or noise below 0. */
export function checkToy(what: string, count: number, noise: number, least: number): void {
  if (!Number.isSafeInteger(count) || count < least) {
    throw new OptionError(`${what}: count is ${count}; it must be a whole number of at least ${least}`);
  }
  if (!(noise >= 0 && noise < Infinity))
    throw new OptionError(`${what}: noise is ${noise}; it must be at least 0`);
}

/** Classes as `x` float32 [n, axes] and `y` int32 [n], in an order that the generator draws. */
export function classified(
  points: readonly LabelledPoint[],
  noise: number,
  generator: Generator,
): ArrayDataset {
  const axes = points[0]!.length - 1;
  const order = generator.permutation(points.length);
  const x = new Float32Array(points.length * axes);
  const y = new Int32Array(points.length);
  order.forEach((from, i) => {
    const [label, ...coordinates] = points[from]!;
    y[i] = label;
    coordinates.forEach((value, axis) => {
      x[i * axes + axis] = value + (noise > 0 ? noise * normal(generator) : 0);
    });
  });
  return new ArrayDataset({
    x: { data: x, shape: [points.length, axes] },
    y: { data: y, shape: [points.length] },
  });
}

/** A regression as `x` float32 [n, 1] and `y` float32 [n, 1]. */
export function regression(
  xs: readonly number[],
  target: (x: number) => number,
  noise: number,
  generator: Generator,
): ArrayDataset {
  const y = Float32Array.from(xs, (x) => target(x) + (noise > 0 ? noise * normal(generator) : 0));
  const shape = [xs.length, 1];
  return new ArrayDataset({ x: { data: Float32Array.from(xs), shape }, y: { data: y, shape } });
}
