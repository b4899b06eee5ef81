import { at, type Dense, generate } from "./dense.ts";

/** NumPy's rule: aligned at the last axis, sizes are equal or one of them is 1. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((s) => s[axis - rank + s.length] ?? 1);
    return sizes.find((n) => n !== 1) ?? 1;
  });
}

/** The element of `x` that a position of a broadcast shape sees. */
function seenFrom(x: Dense, position: readonly number[]): number {
  const skipped = position.length - x.shape.length;
  return at(
    x,
    x.shape.map((size, axis) => (size === 1 ? 0 : position[axis + skipped]!)),
  );
}

/** `fn` of the elements that meet when all are broadcast together. */
export function mapTogether(fn: (...elements: number[]) => number, ...arrays: readonly Dense[]): Dense {
  const shape = broadcastShape(...arrays.map((x) => x.shape));
  return generate(shape, (position) => fn(...arrays.map((x) => seenFrom(x, position))));
}

/** `fn` of every element. */
export const map = (fn: (element: number) => number, x: Dense): Dense => ({
  shape: x.shape,
  data: x.data.map((v) => fn(v)),
});

/** `x` repeated to a larger shape. */
export const broadcastTo = (x: Dense, shape: readonly number[]): Dense =>
  generate(shape, (position) => seenFrom(x, position));
