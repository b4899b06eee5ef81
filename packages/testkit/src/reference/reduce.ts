import { at, type Dense, fromFront, generate } from "./dense.ts";

/** Which axes to fold, and whether they stay as 1. */
export interface Folding {
  readonly axes?: readonly number[] | undefined;
  readonly keepDims?: boolean | undefined;
}

/** `fold` of the elements along the named axes (all axes unless named), in row-major order. */
export function reduce(
  x: Dense,
  fold: (elements: readonly number[]) => number,
  { axes, keepDims = false }: Folding = {},
): Dense {
  const rank = x.shape.length;
  const folded = new Set((axes ?? x.shape.map((_, axis) => axis)).map((axis) => fromFront(axis, rank)));
  const kept = x.shape.map((n, axis) => (folded.has(axis) ? 1 : n));
  const inner = x.shape.map((n, axis) => (folded.has(axis) ? n : 1));
  const full = generate(kept, (outer) => {
    const elements: number[] = [];
    generate(inner, (position) => {
      elements.push(
        at(
          x,
          position.map((p, axis) => p + outer[axis]!),
        ),
      );
      return 0;
    });
    return fold(elements);
  });
  return keepDims ? full : { shape: x.shape.filter((_, axis) => !folded.has(axis)), data: full.data };
}

/** The same-shaped array whose rows along `axis` are `row` of the rows of `x`. */
export function alongAxis(
  x: Dense,
  axis: number,
  row: (elements: readonly number[]) => readonly number[],
): Dense {
  const front = fromFront(axis, x.shape.length);
  const rows = new Map<string, readonly number[]>();
  return generate(x.shape, (position) => {
    const key = position.with(front, 0).join();
    let result = rows.get(key);
    if (!result) {
      result = row(Array.from({ length: x.shape[front]! }, (_, i) => at(x, position.with(front, i))));
      rows.set(key, result);
    }
    return result[position[front]!]!;
  });
}

/** The sum, by Neumaier's compensation, so that the reference itself is exact to a last place. */
export function sum(elements: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const x of elements) {
    const next = total + x;
    lost += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

/** The arithmetic mean; NaN of nothing. */
export const mean = (elements: readonly number[]): number => sum(elements) / elements.length;

/** The product; 1 of nothing. */
export const product = (elements: readonly number[]): number => elements.reduce((p, x) => p * x, 1);

/** The largest element, NaN where any is. */
export const largest = (elements: readonly number[]): number =>
  elements.some(Number.isNaN) ? NaN : elements.reduce((a, b) => (a > b ? a : b), -Infinity);

/** The smallest element, NaN where any is. */
export const smallest = (elements: readonly number[]): number =>
  elements.some(Number.isNaN) ? NaN : elements.reduce((a, b) => (a < b ? a : b), Infinity);

/** The mean squared distance from the mean, over `n − correction`. */
export function variance(elements: readonly number[], correction = 1): number {
  const middle = mean(elements);
  return sum(elements.map((x) => (x - middle) ** 2)) / Math.max(0, elements.length - correction);
}

/** `log Σ eˣ`, the largest taken out first. */
export function logSumExp(elements: readonly number[]): number {
  const top = largest(elements);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(sum(elements.map((x) => Math.exp(x - top))));
}

/** `eˣ / Σ eˣ`. */
export function softmax(elements: readonly number[]): number[] {
  const total = logSumExp(elements);
  return elements.map((x) => Math.exp(x - total));
}

/** Sums of all elements up to each. */
export function cumulativeSum(elements: readonly number[]): number[] {
  return elements.map((_, i) => sum(elements.slice(0, i + 1)));
}

/** The place of the largest element, the first where several are; NaN counts as larger than all. */
export const placeOfLargest = (elements: readonly number[]): number =>
  elements.some(Number.isNaN) ? elements.findIndex(Number.isNaN) : elements.indexOf(largest(elements));

/** The place of the smallest element, the first where several are; NaN counts as smaller than all. */
export const placeOfSmallest = (elements: readonly number[]): number =>
  elements.some(Number.isNaN) ? elements.findIndex(Number.isNaN) : elements.indexOf(smallest(elements));
