import type { DotKernel } from "@chainrule/core";
import type { Arithmetic } from "./dot-tile.ts";
import { load } from "./lanes.ts";
import type { Target } from "./target.ts";
import { Func, type Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, v128 } from "./wasm/types.ts";

/** Four rows of four words, transposed. */
function transpose(f: Func, rows: readonly Local[]): Local[] {
  const [a, b, c, d] = rows as [Local, Local, Local, Local];
  const [ab, cd] = [f.shuffle(a, b, [0, 4, 1, 5]), f.shuffle(c, d, [0, 4, 1, 5])];
  const [ef, gh] = [f.shuffle(a, b, [2, 6, 3, 7]), f.shuffle(c, d, [2, 6, 3, 7])];
  const halves = [0, 1, 4, 5];
  const others = [2, 3, 6, 7];
  return [
    f.shuffle(ab, cd, halves),
    f.shuffle(ab, cd, others),
    f.shuffle(ef, gh, halves),
    f.shuffle(ef, gh, others),
  ];
}

/**
 * A function (from, to, k) that copies `count` of `width` adjoining lines to [k][width], `line` bytes apart and
 * `step` bytes a step of k. Where there are fewer lines than places, the last one is repeated: nothing is made of
 * what is computed there.
 */
export function emitPack(
  { module }: Target,
  dtype: DotKernel["dtype"],
  { size, lanes }: Arithmetic,
  count: number,
  width: number,
  line: number,
  step: number,
): Func {
  const f = module.add(new Func([i32, i32, i32]));
  const [from, to, k] = [f.param(0), f.param(1), f.param(2)];
  const advance = (steps: number): void => {
    f.set(from, f.i(op.add, from, steps * step));
    f.set(to, f.i(op.add, to, steps * width * size));
  };
  const groups = Array.from({ length: Math.ceil(width / lanes) }, (_, group) => group * lanes);
  const placeOf = (number: number): number => Math.min(number, count - 1) * line;
  const one = (): void => {
    // Lines past the last are not read: their addresses may be past the memory's end.
    for (const first of groups) {
      const present = Math.max(1, Math.min(lanes, count - first));
      const address = f.add(from, placeOf(first));
      const [vector] = load(f, dtype === "float64" ? "float64" : "float32", address, 0, line / size, present);
      const words = (Math.min(lanes, width - first) * size) / 4;
      if (words === 4) f.store(op.vstore, to, vector!, first * size);
      else {
        if (words >= 2) f.storeLane(op.store64Lane, to, vector!, first * size, 0);
        if (words !== 2) f.storeLane(op.store32Lane, to, vector!, first * size + (words - 1) * 4, words - 1);
      }
    }
    advance(1);
  };
  if (step !== size || size !== 4 || width % 4 !== 0) {
    f.loop(0, k, 1, one);
    return f;
  }
  const whole = f.i(op.and, k, -4);
  f.loop(0, whole, 4, () => {
    for (const first of groups) {
      const rows = [0, 1, 2, 3].map((number) =>
        f.load(op.vload, f.add(from, placeOf(first + number)), 0, v128),
      );
      transpose(f, rows).forEach((vector, number) => {
        f.store(op.vstore, to, vector, (number * width + first) * size);
      });
    }
    advance(4);
  });
  f.loop(whole, k, 1, one);
  return f;
}
