import { isFloat } from "../dtype.ts";
import { DtypeError, ShapeError } from "../errors.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Throws unless `a` is one matrix of floats, or a batch of them. */
export function checkMatrix(operation: string, a: Tensor): void {
  if (a.rank < 2 || a.size === 0) {
    throw new ShapeError(
      `${operation}: takes matrices [..., m, n] with elements, not ${formatShape(a.shape)}`,
    );
  }
  if (!isFloat(a.dtype)) throw new DtypeError(`${operation}: takes float32 or float64, not ${a.dtype}`);
}

/** Throws unless `a` is one square matrix of floats, or a batch of them. */
export function checkSquare(operation: string, a: Tensor): void {
  checkMatrix(operation, a);
  if (a.shape.at(-1) !== a.shape.at(-2)) {
    throw new ShapeError(`${operation}: the matrix must be square, and its shape is ${formatShape(a.shape)}`);
  }
}

/**
 * The right-hand side as columns [..., m, k], a vector [m] as one column.
 *
 * @throws ShapeError unless it has as many rows as the matrix and the same batch axes, DtypeError for another dtype.
 */
export function asColumns(operation: string, a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== b.dtype) {
    throw new DtypeError(
      `${operation}: the matrix is ${a.dtype}, the right side ${b.dtype}; cast one of them first`,
    );
  }
  const columns = b.rank === 1 ? b.expandDims(1) : b;
  const batch = a.shape.slice(0, -2);
  if (!sameShape(batch, columns.shape.slice(0, -2)) || columns.shape.at(-2) !== a.shape.at(-2)) {
    throw new ShapeError(
      `${operation}: ${formatShape(a.shape)} and a right side ${formatShape(b.shape)}: rows and batch axes must agree`,
    );
  }
  return columns;
}

/** Slices of the last two axes. */
export const block = (
  a: Tensor,
  rows: readonly [number, number | null],
  columns: readonly [number, number | null],
): Tensor => a.slice(...a.shape.slice(2).map(() => null), rows, columns);

/** Zeros around the last two axes: above and below, left and right. */
export const padBlock = (
  a: Tensor,
  rows: readonly [number, number],
  columns: readonly [number, number],
): Tensor => a.pad([...a.shape.slice(2).map((): [number, number] => [0, 0]), rows, columns]);
