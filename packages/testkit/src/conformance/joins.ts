import { concat, type Dtype, stack, type Tensor, tensor } from "@chainrule/core";
import { type Dense, generate } from "../reference/dense.ts";
import { map } from "../reference/elementwise.ts";
import * as move from "../reference/movement.ts";
import { largest, reduce } from "../reference/reduce.ts";
import { check, type ConformanceCase } from "./case.ts";
import { all, random, tensorOf } from "./inputs.ts";

/** Tensors joined and parted, bit for bit, in every dtype. */
export const joinCases = (): ConformanceCase[] => [...all.flatMap((dtype) => casesOf(dtype)), manyColumns()];

/** More than one thread's share of columns and of products, each written beside what others write. */
function manyColumns(): ConformanceCase {
  const [x, y, w] = [random(89, [331, 307], "float32"), random(97, [331, 64], "float32"), identity(64)];
  return check({
    op: "concat",
    dtype: "float32",
    label: "many columns, computed and multiplied",
    actual: () => {
      const [a, b, c] = [x, y, w].map((one) => tensorOf(one, "float32")) as [Tensor, Tensor, Tensor];
      return concat([a.abs().sqrt(), b.matmul(c), a.neg()], 1);
    },
    expected: () =>
      move.concat([map((value) => Math.sqrt(Math.abs(value)), x), y, map((value) => -value, x)], 1),
  });
}

const identity = (size: number): Dense => generate([size, size], ([row, column]) => (row === column ? 1 : 0));

function casesOf(dtype: Dtype): ConformanceCase[] {
  const parts = [random(71, [2, 5], dtype), random(73, [0, 5], dtype), random(79, [3, 5], dtype)];
  const same = [random(71, [3, 5], dtype), random(73, [3, 5], dtype)];
  const solid = random(83, [3, 4, 5], dtype);
  const tensors = (list: readonly Dense[]): Tensor[] => list.map((x) => tensorOf(x, dtype));
  /** The largest of a number and itself is that number. */
  const computed = (): Tensor[] => tensors(same).map((x) => x.maximum(x));
  const one = (op: string, label: string, actual: () => Tensor, expected: () => Dense): ConformanceCase =>
    check({ op, dtype, label, actual, expected, signedZero: true, tolerance: { rtol: 0, atol: 0 } });
  return [
    one(
      "concat",
      "rows",
      () => concat(tensors(parts), 0),
      () => move.concat(parts, 0),
    ),
    one(
      "concat",
      "columns",
      () => concat(tensors(same), -1),
      () => move.concat(same, -1),
    ),
    one(
      "concat",
      "of views",
      () => concat([tensorOf(same[0]!, dtype).flip(0), tensorOf(same[1]!, dtype).slice([null, null, -1])], 0),
      () => move.concat([move.flip(same[0]!, 0), move.flip(same[1]!, 0)], 0),
    ),
    one(
      "stack",
      "first",
      () => stack(tensors(same), 0),
      () =>
        move.concat(
          same.map((x) => move.reshape(x, [1, 3, 5])),
          0,
        ),
    ),
    one(
      "stack",
      "last",
      () => stack(tensors(same), -1),
      () =>
        move.concat(
          same.map((x) => move.reshape(x, [3, 5, 1])),
          2,
        ),
    ),
    one(
      "concat",
      "rows that are computed",
      () => concat(computed(), 0),
      () => move.concat(same, 0),
    ),
    one(
      "concat",
      "columns that are computed, picked and given",
      () => {
        const [x, y] = computed() as [Tensor, Tensor];
        return concat([x, y.take(tensor([2, 0, 1], { dtype: "int32" }), 0), x.flip(0), ...tensors(same)], 1);
      },
      () => {
        const [x, y] = same as [Dense, Dense];
        const picked = [2, 0, 1].map((row) => move.slice(y, [[row, row + 1]]));
        return move.concat([x, move.concat(picked, 0), move.flip(x, 0), x, y], 1);
      },
    ),
    one(
      "concat",
      "columns that are folded",
      () => concat([tensorOf(solid, dtype).max(1), ...computed()], 1),
      () => move.concat([reduce(solid, largest, { axes: [1] }), ...same], 1),
    ),
    one(
      "concat",
      "columns in rows, and single ones",
      () => {
        const [x, y] = computed() as [Tensor, Tensor];
        return concat([concat([x, y], 1), concat([y, x.slice(null, [1, 2]), x.slice(null, [0, 4])], 1)], 0);
      },
      () => {
        const [x, y] = same as [Dense, Dense];
        const cut = [move.slice(x, [null, [1, 2]]), move.slice(x, [null, [0, 4]])];
        return move.concat([move.concat([x, y], 1), move.concat([y, ...cut], 1)], 0);
      },
    ),
    one(
      "split",
      "second part",
      () => tensorOf(same[0]!, dtype).split([2, 3], 1)[1]!,
      () => move.slice(same[0]!, [null, [2, 5]]),
    ),
    one(
      "unstack",
      "column",
      () => tensorOf(same[0]!, dtype).unstack(1)[3]!,
      () => move.slice(same[0]!, [null, 3]),
    ),
  ];
}
