import type { DotKernel, DotOperand, Expression } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { binaryOperation, position } from "./scalar.ts";

/** Rows and columns of one tile, all of whose sums are kept in locals. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** A block of results that waits for the epilogue. */
export const directBlock = { rows: 32, columns: 256 } as const;

/** The tile that suits m×n: as in the packed product, six sums are what registers hold. */
function directTile(m: number, n: number): Tile {
  if (m === 1) return { rows: 1, columns: Math.min(n, n % 5 === 0 ? 5 : 6) };
  if (n === 1) return { rows: Math.min(m, 6), columns: 1 };
  return m % 3 === 0 || n === 2 ? { rows: Math.min(m, 3), columns: 2 } : { rows: 2, columns: 3 };
}

/**
 * Fills the block of results that the parameters name, straight from the operands: no packing, for products so small
 * or so narrow that it would not pay. Each sum runs over k in order, as in the packed product.
 */
export function lowerDirectDot<E>(emitter: Emitter<E>, kernel: DotKernel, blockWidth: number): void {
  const { a, b, dtype, k } = kernel;
  const block = kernel.inputs.length + kernel.outputs.length;
  const literal = (value: number): E => emitter.literal(value);
  const plus = (x: E, y: number | E): E => {
    if (y === 0) return x;
    return emitter.apply(position.add, x, typeof y === "number" ? literal(y) : y);
  };
  const times = (x: E, y: number): E => (y === 1 ? x : emitter.apply(position.multiply, x, literal(y)));
  const multiply = binaryOperation("mul", dtype === "int32" ? dtype : "float64");
  const add = binaryOperation("add", dtype === "int32" ? dtype : "float64");
  const [batch, fromRow, toRow, fromColumn, toColumn] = [0, 1, 2, 3, 4].map((i) => emitter.parameter(i)) as [
    E,
    E,
    E,
    E,
    E,
  ];

  const batchShape = kernel.shape.slice(0, -2);
  const origin = ({ offset, batch: strides }: DotOperand): E => {
    let place = literal(offset);
    let rest = batch;
    for (let axis = batchShape.length - 1; axis >= 0; axis--) {
      const index =
        axis === 0 ? rest : emitter.bind(emitter.apply(position.remainder, rest, literal(batchShape[axis]!)));
      place = plus(place, times(index, strides[axis]!));
      if (axis > 0) rest = emitter.bind(emitter.apply(position.quotient, rest, literal(batchShape[axis]!)));
    }
    return emitter.bind(place);
  };
  const originA = origin(a);
  const originB = origin(b);
  const tile = directTile(kernel.m, kernel.n);

  const oneTile = (row: E, column: E, { rows, columns }: Tile): void => {
    const placeA = emitter.bind(plus(originA, times(row, a.row)));
    const placeB = emitter.bind(plus(originB, times(column, b.column)));
    const sums = Array.from({ length: rows * columns }, () => emitter.variable(literal(0)));
    emitter.loop(literal(0), literal(k), 1, (step) => {
      const baseA = emitter.bind(plus(placeA, times(step, a.column)));
      const baseB = emitter.bind(plus(placeB, times(step, b.row)));
      const bs = Array.from({ length: columns }, (_, j) =>
        emitter.bind(emitter.load(b.input, plus(baseB, j * b.column))),
      );
      for (let i = 0; i < rows; i++) {
        const x = emitter.bind(emitter.load(a.input, plus(baseA, i * a.row)));
        bs.forEach((y, j) => {
          const sum = sums[i * columns + j]!;
          emitter.assign(sum, emitter.apply(add, sum, emitter.apply(multiply, x, y)));
        });
      }
    });
    const relativeRow = emitter.apply(position.subtract, row, fromRow);
    const relativeColumn = emitter.apply(position.subtract, column, fromColumn);
    const at = emitter.bind(plus(times(relativeRow, blockWidth), relativeColumn));
    sums.forEach((sum, i) => {
      emitter.store(block, plus(at, Math.floor(i / columns) * blockWidth + (i % columns)), sum);
    });
  };
  const columnsOf = (row: E, rows: number): void => {
    const { columns } = tile;
    const whole = emitter.bind(
      columns === 1
        ? toColumn
        : emitter.apply(
            position.subtract,
            toColumn,
            emitter.apply(
              position.remainder,
              emitter.apply(position.subtract, toColumn, fromColumn),
              literal(columns),
            ),
          ),
    );
    emitter.loop(fromColumn, whole, columns, (column) => oneTile(row, column, { rows, columns }));
    if (columns > 1) emitter.loop(whole, toColumn, 1, (column) => oneTile(row, column, { rows, columns: 1 }));
  };
  const { rows } = tile;
  if (rows === 1) {
    emitter.loop(fromRow, toRow, 1, (row) => columnsOf(row, 1));
    return;
  }
  const height = emitter.apply(position.subtract, toRow, fromRow);
  const whole = emitter.bind(
    emitter.apply(position.subtract, toRow, emitter.apply(position.remainder, height, literal(rows))),
  );
  emitter.loop(fromRow, whole, rows, (row) => columnsOf(row, rows));
  emitter.loop(whole, toRow, 1, (row) => columnsOf(row, 1));
}

/** The result as an expression over its rows and columns, for products so thin that a map computes them best. */
export function thinResult(kernel: DotKernel): Expression {
  const { a, b, k, dtype } = kernel;
  // Products and sums of float32 are those of float64, rounded once.
  const wide = dtype === "float32" ? "float64" : dtype;
  const element = (
    { input, offset, batch }: DotOperand,
    row: number,
    column: number,
    shift: number,
  ): Expression => {
    const map = { offset: offset + shift, strides: [...batch, row, column], mask: null };
    return { kind: "cast", dtype: wide, x: { kind: "load", dtype, input, map } };
  };
  let sum: Expression = { kind: "const", dtype: wide, value: 0 };
  for (let i = 0; i < k; i++) {
    const x = element(a, a.row, 0, i * a.column);
    const y = element(b, 0, b.column, i * b.row);
    sum = {
      kind: "binary",
      dtype: wide,
      op: "add",
      x: sum,
      y: { kind: "binary", dtype: wide, op: "mul", x, y },
    };
  }
  return { kind: "cast", dtype, x: sum };
}
