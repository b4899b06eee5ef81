import type { DotKernel, DotOperand, Expression, Shape } from "@chainrule/core";
import { placesOf } from "./dot-places.ts";
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

/** The indices along the axes of a box that a row-major index stands for. */
export function split<E>(emitter: Emitter<E>, index: E, sizes: Shape): E[] {
  let rest = index;
  const indices: E[] = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
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
  const { a, b, shape } = kernel;
  const [m, n] = shape.slice(-2) as [number, number];
  const block = kernel.inputs.length + kernel.outputs.length;
  const multiply = binaryOperation("mul", wide(kernel));
  const add = binaryOperation("add", wide(kernel));
  const parameter = (i: number): E => emitter.parameter(i);
  const [fromRow, toRow, fromColumn, toColumn] = [parameter(1), parameter(2), parameter(3), parameter(4)];
  const indices = split(emitter, parameter(0), shape.slice(0, -2));
  const along = (place: E, index: readonly E[], strides: readonly number[]): E =>
    emitter.bind(index.reduce((sum, i, axis) => emitter.plus(sum, emitter.times(i, strides[axis]!)), place));
  const originA = along(emitter.literal(a.offset), indices, a.batch);
  const originB = along(emitter.literal(b.offset), indices, b.batch);
  /** Where `count` lines from number `first` on are from a place. */
  const lines = (first: E, count: number, sizes: Shape, strides: readonly number[]): ((place: E) => E[]) => {
    const each = Array.from({ length: count }, (_, i) => i);
    if (sizes.length === 1) {
      const start = emitter.bind(emitter.times(first, strides[0]!));
      return (place) => {
        const origin = emitter.bind(emitter.plus(place, start));
        return each.map((i) => emitter.plus(origin, i * strides[0]!));
      };
    }
    const zero = emitter.literal(0);
    const starts = each.map((i) => along(zero, split(emitter, emitter.plus(first, i), sizes), strides));
    return (place) => starts.map((start) => emitter.plus(place, start));
  };
  const loops = (sizes: Shape, index: readonly E[], body: (index: readonly E[]) => void): void => {
    const size = sizes[index.length];
    if (size === undefined) body(index);
    else emitter.loop(0, size, 1, (i) => loops(sizes, [...index, i], body));
  };

  const multiplyTile = (row: E, column: E, rows: number, columns: number): void => {
    const linesA = lines(row, rows, kernel.m, a.row);
    const linesB = lines(column, columns, kernel.n, b.column);
    const sums = Array.from({ length: rows * columns }, () => emitter.variable(emitter.literal(0)));
    loops(kernel.k, [], (step) => {
      const placesA = linesA(along(originA, step, a.column));
      const placesB = linesB(along(originB, step, b.row));
      const ys = placesB.map((place) => emitter.bind(emitter.load(b.input, place)));
      placesA.forEach((place, row) => {
        const x = emitter.bind(emitter.load(a.input, place));
        ys.forEach((y, column) => {
          const sum = sums[row * columns + column]!;
          emitter.assign(sum, emitter.apply(add, sum, emitter.apply(multiply, x, y)));
        });
      });
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
  const stepsB = placesOf(k, b.row);
  placesOf(k, a.column).forEach((step, i) => {
    const x = element(a, a.row[0]!, 0, step);
    const y = element(b, 0, b.column[0]!, stepsB[i]!);
    const product: Expression = { kind: "binary", dtype: sumDtype, op: "mul", x, y };
    sum = { kind: "binary", dtype: sumDtype, op: "add", x: sum, y: product };
  });
  return { kind: "cast", dtype, x: sum };
}
