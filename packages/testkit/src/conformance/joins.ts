import { concat, type Dtype, stack, type Tensor } from "@chainrule/core";
import { type Dense } from "../reference/dense.ts";
import * as move from "../reference/movement.ts";
import { check, type ConformanceCase } from "./case.ts";
import { all, random, tensorOf } from "./inputs.ts";

/** Tensors joined and parted, bit for bit, in every dtype. */
export const joinCases = (): ConformanceCase[] => all.flatMap((dtype) => casesOf(dtype));

function casesOf(dtype: Dtype): ConformanceCase[] {
  const parts = [random(71, [2, 5], dtype), random(73, [0, 5], dtype), random(79, [3, 5], dtype)];
  const same = [random(71, [3, 5], dtype), random(73, [3, 5], dtype)];
  const tensors = (list: readonly Dense[]): Tensor[] => list.map((x) => tensorOf(x, dtype));
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
