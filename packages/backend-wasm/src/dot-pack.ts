import { linesFrom, type Matrix, overRuns } from "./dot-matrix.ts";
import type { DotPlan } from "./dot-plan.ts";
import { storePart, transpose } from "./lanes.ts";
import { Func, type Local } from "./wasm/function.ts";
import type { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, v128 } from "./wasm/types.ts";

/**
 * A function (matrix, to, line, step, count) that copies `present` of `width` lines from `line` on to [k][width]; steps
 * as `overRuns` has them. Where there are fewer lines than places, what the others get is of no meaning.
 */
export function emitPack(
  module: ModuleWriter,
  { size, arithmetic: { lanes } }: DotPlan,
  present: number,
  width: number,
  matrix: Pick<Matrix, "lines" | "steps">,
): Func {
  const f = module.add(new Func([i32, i32, i32, i32, i32]));
  const [origin, to, line, first, count] = f.args;
  const { starts, at } = linesFrom(f, matrix, origin, line, present);
  const adjoins = matrix.lines.sizes.length === 1 && matrix.lines.strides[0] === size;
  const step = matrix.steps.strides.at(-1)!;
  const groups = Array.from({ length: Math.ceil(width / lanes) }, (_, group) => group * lanes);
  overRuns(f, matrix, starts, first, count, (pointers, steps) => {
    const advance = (number: number): void => {
      for (const pointer of pointers) f.set(pointer, f.i(op.add, pointer, number * step));
      f.set(to, f.i(op.add, to, number * width * size));
    };
    const place = (line: number): readonly [Local, number] => {
      const [start, offset] = at(Math.min(line, present - 1));
      return [pointers[start]!, offset];
    };
    const [loadFirst, loadNext] =
      size === 4 ? [op.load32Zero, op.load32Lane] : [op.load64Zero, op.load64Lane];
    const one = (): void => {
      for (const group of groups) {
        let vector = f.load(adjoins ? op.vload : loadFirst, ...place(group), v128);
        // Lines past the last are not read: their addresses may be past the memory's end.
        const apart = adjoins ? 1 : Math.min(lanes, present - group);
        for (let lane = 1; lane < apart; lane++) {
          vector = f.loadLane(loadNext, ...place(group + lane), vector, lane);
        }
        storePart(f, to, vector, group * size, (Math.min(lanes, width - group) * size) / 4);
      }
      advance(1);
    };
    if (step !== size || adjoins || width % lanes !== 0) return f.loop(0, steps, 1, one);
    const whole = typeof steps === "number" ? steps - (steps % lanes) : f.i(op.and, steps, -lanes);
    f.loop(0, whole, lanes, () => {
      for (const group of groups) {
        const rows = Array.from({ length: lanes }, (_, row) => f.load(op.vload, ...place(group + row), v128));
        transpose(f, rows).forEach((vector, number) => {
          f.store(op.vstore, to, vector, (number * width + group) * size);
        });
      }
      advance(lanes);
    });
    f.loop(whole, steps, 1, one);
  });
  return f;
}
