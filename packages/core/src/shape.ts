import { AxisError, ShapeError } from "./errors.ts";

/** The sizes of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements, the product of all sizes. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A shape as messages show it: `[2, 3]`. */
export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = [...shape];
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** A copy of `shape`, which its owner may go on to change. Throws unless it is a list of non-negative whole numbers. */
export function checkedShape(operation: string, shape: Shape): Shape {
  if (!Array.isArray(shape) || shape.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new ShapeError(
      `${operation}: a shape is a list of whole numbers ≥ 0, not ${JSON.stringify(shape)}`,
    );
  }
  if (sizeOf(shape) > Number.MAX_SAFE_INTEGER)
    throw new ShapeError(`${operation}: ${formatShape(shape)} is too large`);
  return [...shape];
}

/**
 * The shape both operands are broadcast to, by NumPy's rule: aligned at the last axis, sizes are equal or one of
 * them is 1.
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (b.length === 0 || sameShape(a, b)) return a;
  if (a.length === 0) return b;
  const shape = a.length < b.length ? [...b] : [...a];
  const rank = shape.length;
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${operation}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ` +
          `axis ${-i} has sizes ${x} and ${y}, which must be equal or one of them 1`,
      );
    }
    shape[rank - i] = x === 1 ? y : x;
  }
  return shape;
}

/** `axis` counted from the front; negative counts from the end. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new AxisError(
      rank === 0
        ? `${operation}: axis ${axis} does not exist: the tensor is a scalar`
        : `${operation}: axis ${axis} does not exist in a tensor of rank ${rank}; use ${-rank} … ${rank - 1}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The named axes in ascending order, all of them where none is named. */
export function normalizeAxes(
  operation: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) =>
    normalizeAxis(operation, axis, rank),
  );
  list.sort((a, b) => a - b);
  list.forEach((axis, i) => {
    if (axis === list[i - 1]) throw new AxisError(`${operation}: axis ${axis} is named twice`);
  });
  return list;
}
