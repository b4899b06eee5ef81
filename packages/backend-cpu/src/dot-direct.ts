import type { DotKernel, DotOperand, Expression } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { binaryOperation } from "./scalar.ts";

/** Rows and columns of one tile, all of whose sums are kept in locals. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** A block of results that waits for the epilogue. */
export const directBlock: Tile = { rows: 32, columns: 256 };

/** The tile that suits m×n: as in the packed product, six sums are what registers hold. */
function directTile(m: number, n: number): Tile {
  if (m === 1) return { rows: 1, columns: Math.min(n, n % 5 === 0 ? 5 : 6) };
  if (n === 1) return { rows: Math.min(m, 6), columns: 1 };
  return m % 3 === 0 || n === 2 ? { rows: Math.min(m, 3), columns: 2 } : { rows: 2, columns: 3 };
}

/** Products and sums of float32 are those of float64, rounded once. */
const wide = ({ dtype }: DotKernel): "float64" | "int32" => (dtype === "int32" ? dtype : "float64");

/** The indices along the batch axes of matrix number `batch`. */
export function batchIndices<E>(emitter: Emitter<E>, { shape }: DotKernel, batch: E): E[] {
  let rest = batch;
  const indices: E[] = [];
  for (let axis = shape.length - 3; axis >= 0; axis--) {
    const size = shape[axis]!;
    indices[axis] = axis === 0 ? rest : emitter.bind(emitter.remainder(rest, size));
    if (axis > 0 && size > 1) rest = emitter.bind(emitter.quotient(rest, size));
  }
  return indices;
}

/**
 * Fills the block of results that the parameters name, straight from the operands: no packing, for products so narrow
 * that it would not pay. Each sum runs over k in order, as in the packed product.
 */
export function lowerDirectDot<E>(emitter: Emitter<E>, kernel: DotKernel, blockWidth: number): void {
  const { a, b, k, m, n } = kernel;
  const block = kernel.inputs.length + kernel.outputs.length;
  const multiply = binaryOperation("mul", wide(kernel));
  const add = binaryOperation("add", wide(kernel));
  const parameter = (i: number): E => emitter.parameter(i);
  const [fromRow, toRow, fromColumn, toColumn] = [parameter(1), parameter(2), parameter(3), parameter(4)];
  const indices = batchIndices(emitter, kernel, parameter(0));
  const origin = ({ offset, batch }: DotOperand): E =>
    emitter.bind(
      indices.reduce(
        (place, i, axis) => emitter.plus(place, emitter.times(i, batch[axis]!)),
        emitter.literal(offset),
      ),
    );
  const originA = origin(a);
  const originB = origin(b);

  const multiplyTile = (row: E, column: E, rows: number, columns: number): void => {
    const placeA = emitter.bind(emitter.plus(originA, emitter.times(row, a.row)));
    const placeB = emitter.bind(emitter.plus(originB, emitter.times(column, b.column)));
    const sums = Array.from({ length: rows * columns }, () => emitter.variable(emitter.literal(0)));
    emitter.loop(0, k, 1, (i) => {
      const atA = emitter.bind(emitter.plus(placeA, emitter.times(i, a.column)));
      const atB = emitter.bind(emitter.plus(placeB, emitter.times(i, b.row)));
      const ys = Array.from({ length: columns }, (_, column) =>
        emitter.bind(emitter.load(b.input, emitter.plus(atB, column * b.column))),
      );
      for (let row = 0; row < rows; row++) {
        const x = emitter.bind(emitter.load(a.input, emitter.plus(atA, row * a.row)));
        ys.forEach((y, column) => {
          const sum = sums[row * columns + column]!;
          emitter.assign(sum, emitter.apply(add, sum, emitter.apply(multiply, x, y)));
        });
      }
    });
    const line = emitter.times(emitter.minus(row, fromRow), blockWidth);
    const at = emitter.bind(emitter.plus(line, emitter.minus(column, fromColumn)));
    sums.forEach((sum, i) => {
      emitter.store(block, emitter.plus(at, Math.floor(i / columns) * blockWidth + (i % columns)), sum);
    });
  };
  /** `body` for whole steps from `from` to `to`, then for single ones. */
  const inSteps = (from: E, to: E, step: number, body: (at: E, count: number) => void): void => {
    const whole = emitter.bind(emitter.minus(to, emitter.remainder(emitter.minus(to, from), step)));
    emitter.loop(from, whole, step, (at) => body(at, step));
    if (step > 1) emitter.loop(whole, to, 1, (at) => body(at, 1));
  };
  const tile = directTile(m, n);
  inSteps(fromRow, toRow, tile.rows, (row, rows) =>
    inSteps(fromColumn, toColumn, tile.columns, (column, columns) =>
      multiplyTile(row, column, rows, columns),
    ),
  );
}

/** The result as an expression over its rows and columns, for products so thin that a map computes them best. */
export function thinResult(kernel: DotKernel): Expression {
  const { a, b, k, dtype } = kernel;
  const sumDtype = wide(kernel);
  const element = (
    { input, offset, batch }: DotOperand,
    row: number,
    column: number,
    shift: number,
  ): Expression => {
    const map = { offset: offset + shift, strides: [...batch, row, column], mask: null };
    return { kind: "cast", dtype: sumDtype, x: { kind: "load", dtype, input, map } };
  };
  let sum: Expression = { kind: "const", dtype: sumDtype, value: 0 };
  for (let i = 0; i < k; i++) {
    const x = element(a, a.row, 0, i * a.column);
    const y = element(b, 0, b.column, i * b.row);
    const product: Expression = { kind: "binary", dtype: sumDtype, op: "mul", x, y };
    sum = { kind: "binary", dtype: sumDtype, op: "add", x: sum, y: product };
  }
  return { kind: "cast", dtype, x: sum };
}
