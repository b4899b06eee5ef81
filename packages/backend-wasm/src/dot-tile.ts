import type { DotKernel } from "@chainrule/core";
import { storePart } from "./lanes.ts";
import type { Target } from "./target.ts";
import { Func, type Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, v128 } from "./wasm/types.ts";

/** The instructions of a product in one dtype. */
export interface Arithmetic {
  readonly size: 4 | 8;
  /** Elements in a vector. */
  readonly lanes: 2 | 4;
  readonly splat: number;
  readonly add: number;
  readonly mul: number;
  /** Fused, or 0. */
  readonly madd: number;
}

export function arithmeticOf(dtype: DotKernel["dtype"], isRelaxed: boolean): Arithmetic {
  if (dtype === "float64") {
    const madd = isRelaxed ? op.f64x2madd : 0;
    return { size: 8, lanes: 2, splat: op.load64Splat, add: op.f64x2add, mul: op.f64x2mul, madd };
  }
  const isFloat = dtype === "float32";
  return {
    size: 4,
    lanes: 4,
    splat: op.load32Splat,
    add: isFloat ? op.f32x4add : op.i32x4add,
    mul: isFloat ? op.f32x4mul : op.i32x4mul,
    madd: isFloat && isRelaxed ? op.f32x4madd : 0,
  };
}

/** sum += x·y. */
function multiplyAdd(f: Func, { madd, mul, add }: Arithmetic, sum: Local, x: Local, y: Local): void {
  f.push(x, y);
  if (madd) {
    f.push(sum);
    f.raw(madd);
  } else {
    f.raw(mul);
    f.push(sum);
    f.raw(add);
  }
  f.set(sum);
}

/** How a tile reads and writes, in bytes: A by row and by step of k, B by step of k (its columns adjoin), C by row. */
export interface TileStrides {
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly cRow: number;
}

/**
 * A function (a, b, c, k, accumulates) that computes `rows` × `columns` of a product, all sums in registers. The order
 * load B, splat A, multiply-add is the one that V8 keeps in sixteen registers; with few rows A comes first.
 */
export function emitTile(
  { module }: Target,
  arithmetic: Arithmetic,
  rows: number,
  columns: number,
  strides: TileStrides,
  accumulates: boolean,
): Func {
  const { size, lanes } = arithmetic;
  const { aRow, aStep, bStep, cRow } = strides;
  const f = module.add(new Func([i32, i32, i32, i32, i32]));
  const [a, b, c, k] = [f.param(0), f.param(1), f.param(2), f.param(3)];
  const vectors = Math.ceil(columns / lanes);
  const sums = Array.from({ length: rows * vectors }, () => f.local(v128));
  const each = (visit: (sum: Local, row: number, vector: number) => void): void =>
    sums.forEach((sum, i) => visit(sum, Math.floor(i / vectors), i % vectors));
  const zero = f.i32(0);
  const clear = (): void => each((sum) => f.set(sum, zero));
  if (accumulates) {
    f.push(f.param(4));
    f.when(
      () => each((sum, row, vector) => f.set(sum, f.load(op.vload, c, row * cRow + vector * 16, v128))),
      clear,
    );
  } else clear();

  const step = (number: number): void => {
    const splat = (row: number): Local => f.load(arithmetic.splat, a, number * aStep + row * aRow, v128);
    const vector = (at: number): Local => f.load(op.vload, b, number * bStep + at * 16, v128);
    if (rows < 4) {
      const xs = Array.from({ length: rows }, (_, row) => splat(row));
      for (let at = 0; at < vectors; at++) {
        const y = vector(at);
        xs.forEach((x, row) => multiplyAdd(f, arithmetic, sums[row * vectors + at]!, x, y));
      }
    } else {
      const ys = Array.from({ length: vectors }, (_, at) => vector(at));
      for (let row = 0; row < rows; row++) {
        const x = splat(row);
        ys.forEach((y, at) => multiplyAdd(f, arithmetic, sums[row * vectors + at]!, x, y));
      }
    }
  };
  const unrolled = aStep >= 0 && bStep >= 0 ? 2 : 1;
  const advance = (steps: number): void => {
    f.set(a, f.i(op.add, a, steps * aStep));
    f.set(b, f.i(op.add, b, steps * bStep));
  };
  const end = f.i(op.and, k, -unrolled);
  f.loop(0, end, unrolled, () => {
    for (let number = 0; number < unrolled; number++) step(number);
    advance(unrolled);
  });
  if (unrolled > 1) {
    f.push(k, 1);
    f.raw(op.and);
    f.when(() => f.scope(() => step(0)));
  }
  each((sum, row, vector) => {
    const present = Math.min(lanes, columns - vector * lanes);
    storePart(f, c, sum, row * cRow + vector * 16, (present * size) / 4);
  });
  return f;
}

/**
 * A function (a, b, c) that computes `rows` × `columns` inner products of rows of A and columns of B that both adjoin
 * along k: no packing, for a matrix that is read once.
 */
export function emitInnerTile(
  { module }: Target,
  arithmetic: Arithmetic,
  rows: number,
  columns: number,
  k: number,
  { aRow, bColumn, cRow }: { readonly aRow: number; readonly bColumn: number; readonly cRow: number },
): Func {
  const { size, lanes } = arithmetic;
  const f = module.add(new Func([i32, i32, i32]));
  const [a, b, c] = [f.param(0), f.param(1), f.param(2)];
  const sums = Array.from({ length: rows * columns }, () => f.local(v128));
  const zero = f.i32(0);
  for (const sum of sums) f.set(sum, zero);
  const step = (mask: Local | null): void => {
    const read = (address: Local, offset: number): Local => {
      const vector = f.load(op.vload, address, offset, v128);
      return mask === null ? vector : f.v(op.vand, vector, mask);
    };
    const xs = Array.from({ length: rows }, (_, row) => read(a, row * aRow));
    for (let column = 0; column < columns; column++) {
      const y = read(b, column * bColumn);
      xs.forEach((x, row) => multiplyAdd(f, arithmetic, sums[row * columns + column]!, x, y));
    }
  };
  f.loop(0, k - (k % lanes), lanes, () => {
    step(null);
    f.set(a, f.i(op.add, a, 16));
    f.set(b, f.i(op.add, b, 16));
  });
  const rest = k % lanes;
  if (rest > 0) {
    const words = [0, 1, 2, 3].map((word) => (word < (rest * size) / 4 ? -1 : 0));
    step(f.i32(...words));
  }
  const swaps =
    lanes === 4
      ? [
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ]
      : [[2, 3, 0, 1]];
  sums.forEach((sum, i) => {
    let total = sum;
    for (const words of swaps) total = f.v(arithmetic.add, total, f.shuffle(total, total, words));
    storePart(f, c, total, Math.floor(i / columns) * cRow + (i % columns) * size, size / 4);
  });
  return f;
}
