import { floatOf, isFloat } from "../dtype.ts";
import { OptionError, ShapeError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, normalizeAxes, normalizeAxis, sizeOf, type Shape } from "../shape.ts";
import { isNaN, mirror, sqrt } from "./elementwise.ts";

/** Axes to fold: one, several, or all of them where none is given. */
export type Axes = number | readonly number[] | undefined;

/** The shape with the folded axes kept at size 1. */
const keptShape = (x: Node, axes: readonly number[]): Shape =>
  x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

const finish = (folded: Node, x: Node, axes: readonly number[], keepDims: boolean): Node =>
  keepDims ? g.reshape(folded, keptShape(x, axes)) : folded;

/** A folded value repeated over the axes that were folded. */
const repeat = (folded: Node, x: Node, axes: readonly number[]): Node =>
  g.expand(g.reshape(folded, keptShape(x, axes)), x.shape);

const countOf = (x: Node, axes: readonly number[]): number =>
  axes.reduce((count, axis) => count * x.shape[axis]!, 1);

/** Small integers are summed as int32. */
export const summable = (x: Node): Node =>
  x.dtype === "bool" || x.dtype === "uint8" ? g.cast(x, "int32") : x;

export function sum(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("sum", axes, x.shape.length);
  return finish(g.sum(summable(x), over), x, over, keepDims);
}

export function prod(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("prod", axes, x.shape.length);
  return finish(g.reduce("prod", summable(x), over), x, over, keepDims);
}

/** The sum over the count; integers become float32. */
export function mean(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("mean", axes, x.shape.length);
  const total = g.sum(g.cast(x, floatOf(x.dtype)), over);
  return finish(g.div(total, g.constantLike(total, countOf(x, over))), x, over, keepDims);
}

export function max(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("max", axes, x.shape.length);
  return finish(g.reduce("max", x, over), x, over, keepDims);
}

export function min(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("min", axes, x.shape.length);
  return finish(mirror(g.reduce("max", mirror(x), over)), x, over, keepDims);
}

/** Σ(x − x̄)²/(n − correction): Bessel's correction of 1 by default, as PyTorch. */
export function variance(x: Node, axes?: Axes, keepDims = false, correction = 1): Node {
  if (!Number.isFinite(correction))
    throw new OptionError(`variance: correction is a number, not ${correction}`);
  const over = normalizeAxes("variance", axes, x.shape.length);
  const from = g.cast(x, floatOf(x.dtype));
  const deviation = g.sub(from, repeat(mean(from, over), from, over));
  const total = g.sum(g.mul(deviation, deviation), over);
  const freedom = Math.max(0, countOf(x, over) - correction);
  return finish(g.div(total, g.constantLike(total, freedom)), x, over, keepDims);
}

export const std = (x: Node, axes?: Axes, keepDims = false, correction = 1): Node =>
  root(variance(x, axes, keepDims, correction));

/** The Euclidean length of all elements together, √Σx². */
export const norm = (x: Node): Node => {
  const from = g.cast(x, floatOf(x.dtype));
  return root(sum(g.mul(from, from)));
};

/** √x of a sum of squares, whose slope at 0 is taken as 0, as PyTorch's norm and std do: 1/0 would spoil all. */
function root(x: Node): Node {
  return g.custom(sqrt(x), [x], (upstream, y) => {
    const still = g.eq(y, g.constantLike(y, 0));
    const slope = g.div(g.constantLike(y, 0.5), g.where(still, g.constantLike(y, 1), y));
    return [g.mul(upstream, g.where(still, g.constantLike(y, 0), slope))];
  });
}

export function any(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("any", axes, x.shape.length);
  if (sizeOf(x.shape) === 0)
    return finish(
      g.constant(
        0,
        x.shape.filter((_, i) => !over.includes(i)),
        "bool",
      ),
      x,
      over,
      keepDims,
    );
  return finish(g.reduce("max", g.cast(x, "bool"), over), x, over, keepDims);
}

export const all = (x: Node, axes?: Axes, keepDims = false): Node =>
  g.not(any(g.not(g.cast(x, "bool")), axes, keepDims));

/** The first position of the largest element, int32; NaN counts as largest, as in PyTorch. */
export function argmax(x: Node, axis?: number, keepDims = false): Node {
  if (axis === undefined) {
    const flat = argmax(g.reshape(x, [sizeOf(x.shape)]), 0);
    return keepDims
      ? g.reshape(
          flat,
          x.shape.map(() => 1),
        )
      : flat;
  }
  const along = normalizeAxis("argmax", axis, x.shape.length);
  const count = x.shape[along]!;
  if (count === 0) throw new ShapeError(`argmax: axis ${along} of ${formatShape(x.shape)} is empty`);
  const largest = repeat(g.reduce("max", x, [along]), x, [along]);
  const hit = isFloat(x.dtype) ? g.max(g.eq(x, largest), isNaN(x)) : g.eq(x, largest);
  // Counting positions from the end makes the first one the largest number.
  const fromEnd = g.add(g.neg(positions(x.shape, along)), g.constant(count - 1, x.shape, "int32"));
  const best = g.reduce("max", g.where(hit, fromEnd, g.constant(-1, x.shape, "int32")), [along]);
  return finish(g.add(g.neg(best), g.constantLike(best, count - 1)), x, [along], keepDims);
}

export const argmin = (x: Node, axis?: number, keepDims = false): Node => argmax(mirror(x), axis, keepDims);

/** The index along one axis, at each element. */
export function positions(shape: Shape, axis: number): Node {
  const line = g.reshape(
    g.iota([shape[axis]!]),
    shape.map((size, i) => (i === axis ? size : 1)),
  );
  return g.expand(line, shape);
}

/** The largest element as a shift for exponentials: 0 where it is not finite, so that ∞ − ∞ never arises. */
function shift(x: Node, axes: readonly number[]): Node {
  const largest = g.reduce("max", x, axes);
  const finite = g.lt(g.max(largest, g.neg(largest)), g.constantLike(largest, Infinity));
  return g.stopGradient(g.where(finite, largest, g.constantLike(largest, 0)));
}

/** ln Σ eˣ, shifted by the largest element; the gradient is e^(x − result). */
export function logSumExp(x: Node, axes?: Axes, keepDims = false): Node {
  const over = normalizeAxes("logSumExp", axes, x.shape.length);
  const from = g.cast(x, floatOf(x.dtype));
  if (sizeOf(from.shape) === 0) return finish(g.log(g.sum(from, over)), from, over, keepDims);
  const offset = shift(from, over);
  const total = g.sum(g.exp(g.sub(from, repeat(offset, from, over))), over);
  const value = g.custom(g.add(g.log(total), offset), [from], (upstream, y) => [
    g.mul(repeat(upstream, from, over), g.exp(g.sub(from, repeat(y, from, over)))),
  ]);
  return finish(value, x, over, keepDims);
}

/** x less the largest element along an axis: what both softmaxes take exponentials of. */
function shifted(operation: string, x: Node, axis: number): { from: Node; over: number[]; below: Node } {
  const from = g.cast(x, floatOf(x.dtype));
  const over = [normalizeAxis(operation, axis, x.shape.length)];
  if (sizeOf(x.shape) === 0) return { from, over, below: from };
  const below = g.sub(from, repeat(g.stopGradient(g.reduce("max", from, over)), from, over));
  return { from, over, below };
}

/** e^(x − max)/Σ e^(x − max); the gradient is y·(u − Σ u·y). */
export function softmax(x: Node, axis = -1): Node {
  const { from, over, below } = shifted("softmax", x, axis);
  if (sizeOf(x.shape) === 0) return from;
  const powers = g.exp(below);
  const value = g.div(powers, repeat(g.sum(powers, over), from, over));
  return g.custom(value, [from], (upstream, y) => {
    const weighted = g.sum(g.mul(upstream, y), over);
    return [g.mul(y, g.sub(upstream, repeat(weighted, from, over)))];
  });
}

/** (x − max) − ln Σ e^(x − max), which keeps the digits of large x; the gradient is u − eʸ·Σ u. */
export function logSoftmax(x: Node, axis = -1): Node {
  const { from, over, below } = shifted("logSoftmax", x, axis);
  if (sizeOf(x.shape) === 0) return from;
  const value = g.sub(below, repeat(g.log(g.sum(g.exp(below), over)), from, over));
  return g.custom(value, [from], (upstream, y) => [
    g.sub(upstream, g.mul(g.exp(y), repeat(g.sum(upstream, over), from, over))),
  ]);
}
