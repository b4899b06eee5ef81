import type { Arithmetic } from "./dot-arithmetic.ts";
import { linesFrom, type Matrix, overRuns } from "./dot-matrix.ts";
import type { DotPlan } from "./dot-plan.ts";
import { storePart, transpose } from "./lanes.ts";
import { Func, type Local } from "./wasm/function.ts";
import type { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, v128 } from "./wasm/types.ts";

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

/** So many steps at most are written out one after the other. */
const maxUnrolled = 8;

/** How many steps to write out of so many that are known. */
function unrolledOf(steps: number): number {
  if (steps <= maxUnrolled) return steps;
  for (let count = maxUnrolled; count > 3; count--) if (steps % count === 0) return count;
  return 4;
}

/**
 * A function (a, b, c, row, step, count, accumulates) that computes `rows` × `columns` of a product, all sums in
 * registers, from that row of A on, which lies as `matrix` says; steps as `overRuns` has them. The order load B, splat A,
 * multiply-add is the one that V8 keeps in sixteen registers; with few rows A comes first.
 */
export function emitTile(
  module: ModuleWriter,
  plan: DotPlan,
  rows: number,
  columns: number,
  matrix: Pick<Matrix, "lines" | "steps">,
): Func {
  const { arithmetic, size, turned, cLine } = plan;
  const { lanes } = arithmetic;
  const bStep = plan.packsB ? plan.panel * size : plan.b.steps.strides[0]!;
  const f = module.add(new Func([i32, i32, i32, i32, i32, i32, i32]));
  const [origin, b, c, first, step, count, earlier] = f.args;
  const vectors = Math.ceil(columns / lanes);
  const sums = Array.from({ length: rows * vectors }, () => f.local(v128));
  /** Sums beside the vectors of results that they are, or become when they are turned. */
  const blocks: { sums: Local[]; places: number[]; words: number }[] = [];
  for (let vector = 0; vector < vectors; vector++) {
    const column = vector * lanes;
    for (let row = 0; row < rows; row += turned ? lanes : 1) {
      const height = turned ? Math.min(lanes, rows - row) : 1;
      const width = Math.min(lanes, columns - column);
      const place = (i: number): number =>
        turned ? (column + i) * cLine + row * size : row * cLine + column * size;
      blocks.push({
        sums: Array.from({ length: height }, (_, i) => sums[(row + i) * vectors + vector]!),
        places: Array.from({ length: turned ? width : 1 }, (_, i) => place(i)),
        words: ((turned ? height : width) * size) / 4,
      });
    }
  }
  const turn = (from: readonly Local[]): readonly Local[] =>
    turned
      ? transpose(
          f,
          Array.from({ length: lanes }, (_, i) => from[i] ?? from[0]!),
        )
      : from;
  const zero = f.i32(0);
  const clear = (): void => sums.forEach((sum) => f.set(sum, zero));
  if (plan.passes > 1) {
    f.push(earlier);
    f.when(() => {
      for (const block of blocks) {
        const old = turn(block.places.map((place) => f.load(op.vload, c, place, v128)));
        block.sums.forEach((sum, i) => f.set(sum, old[i]));
      }
    }, clear);
  } else clear();

  const { starts, at } = linesFrom(f, matrix, origin, first, rows);
  const aStep = matrix.steps.strides.at(-1)!;
  overRuns(f, matrix, starts, step, count, (pointers, steps) => {
    const one = (number: number): void => {
      const splat = (row: number): Local => {
        const [start, offset] = at(row);
        return f.load(arithmetic.splat, pointers[start]!, offset + number * aStep, v128);
      };
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
    const several = (count: number): void => {
      f.scope(() => {
        for (let number = 0; number < count; number++) one(number);
      });
      for (const pointer of pointers) f.set(pointer, f.i(op.add, pointer, count * aStep));
      f.set(b, f.i(op.add, b, count * bStep));
    };
    const isForward = aStep >= 0 && bStep >= 0;
    const unrolled = !isForward ? 1 : typeof steps === "number" ? unrolledOf(steps) : 2;
    if (unrolled === steps) return several(unrolled);
    const end = typeof steps === "number" ? steps - (steps % unrolled) : f.i(op.and, steps, -unrolled);
    f.loop(0, end, unrolled, () => several(unrolled));
    if (typeof steps === "number") {
      if (end !== steps) several(steps % unrolled);
    } else if (unrolled > 1) {
      f.push(steps, 1);
      f.raw(op.and);
      f.when(() => f.scope(() => one(0)));
    }
  });
  for (const block of blocks) {
    const made = turn(block.sums);
    block.places.forEach((place, i) => storePart(f, c, made[i]!, place, block.words));
  }
  return f;
}

/**
 * What `emitTile` gives, for `rows` × `columns` inner products of rows of A and columns of B that both adjoin along k:
 * no packing, for a matrix that is read once.
 */
export function emitInnerTile(
  module: ModuleWriter,
  plan: DotPlan,
  rows: number,
  columns: number,
  matrix: Pick<Matrix, "lines">,
): Func {
  const { arithmetic, size, k, cLine } = plan;
  const { lanes } = arithmetic;
  const [aRow, bColumn] = [matrix.lines.strides[0]!, plan.b.lines.strides[0]!];
  const f = module.add(new Func([i32, i32, i32, i32, i32, i32, i32]));
  const [a, b, c, first] = f.args;
  f.set(a, f.add(a, f.scale(first, aRow)));
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
    storePart(f, c, total, Math.floor(i / columns) * cLine + (i % columns) * size, size / 4);
  });
  return f;
}
