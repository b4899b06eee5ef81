import type { Func, Int, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** A box walked in row-major order, with strides in bytes. */
export interface Walk {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** The indices along the axes of a box that a row-major index stands for. */
export function digits(f: Func, index: Int, sizes: readonly number[]): Int[] {
  const indices: Int[] = [];
  let rest = index;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
    if (axis === 0 || rest === 0 || size === 1) indices.unshift(axis === 0 ? rest : 0);
    else if (typeof rest === "number") {
      indices.unshift(rest % size);
      rest = Math.floor(rest / size);
    } else {
      indices.unshift(f.i(op.remU, rest, size));
      rest = f.i(op.divU, rest, size);
    }
  }
  return indices;
}

/** Where indices along axes are. */
export const placeOf = (f: Func, indices: readonly Int[], strides: readonly number[], origin: Int = 0): Int =>
  indices.reduce((sum: Int, index, axis) => f.add(sum, f.scale(index, strides[axis]!)), origin);

/** Where a row-major index of a box is. */
export const placeIn = (f: Func, index: Int, { sizes, strides }: Walk, origin: Int = 0): Int =>
  placeOf(f, digits(f, index, sizes), strides, origin);

/** One operand of a product: the lines that are multiplied with those of the other, step by step. */
export interface Matrix {
  readonly input: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly lines: Walk;
  readonly steps: Walk;
}

/** Locals that start where lines do, and where in them a line is: one for all lines that are evenly apart. */
export interface Lines {
  readonly starts: readonly Local[];
  readonly at: (line: number) => readonly [start: number, offset: number];
}

/** `count` lines from number `first` on. Offsets of instructions are unsigned: they count from the lowest address. */
export function linesFrom(
  f: Func,
  { lines }: Pick<Matrix, "lines">,
  origin: Int,
  first: Int,
  count: number,
): Lines {
  const start = (line: number): Local => {
    const local = f.local(i32);
    f.set(local, placeIn(f, f.add(first, line), lines, origin));
    return local;
  };
  const stride = lines.strides[0]!;
  if (lines.sizes.length === 1) {
    const lowest = stride < 0 ? count - 1 : 0;
    return { starts: [start(lowest)], at: (line) => [0, (line - lowest) * stride] };
  }
  return { starts: Array.from({ length: count }, (_, line) => start(line)), at: (line) => [line, 0] };
}

/**
 * Emits `body` for `count` steps from `first` on, or for `count` whole runs of them where steps are in several axes, with
 * pointers that begin at `starts`: it takes all steps of a run, as many as it is told.
 */
export function overRuns(
  f: Func,
  { steps }: Pick<Matrix, "steps">,
  starts: readonly Local[],
  first: Int,
  count: Int,
  body: (pointers: readonly Local[], steps: Int) => void,
): void {
  const run = steps.sizes.at(-1)!;
  const outer = { sizes: steps.sizes.slice(0, -1), strides: steps.strides.slice(0, -1) };
  const pointers = starts.map(() => f.local(i32));
  const begin = (place: Int): void =>
    pointers.forEach((pointer, i) => f.set(pointer, f.add(starts[i]!, place)));
  if (outer.sizes.length === 0) {
    begin(f.scale(first, steps.strides[0]!));
    return body(pointers, count);
  }
  f.loop(first, f.add(first, count), 1, (at) => {
    begin(placeIn(f, at, outer));
    body(pointers, run);
  });
}
