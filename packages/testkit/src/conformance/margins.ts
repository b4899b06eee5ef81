import type { Dtype, Tensor } from "@chainrule/core";
import type { Dense } from "../reference/dense.ts";
import { map, mapTogether } from "../reference/elementwise.ts";
import * as move from "../reference/movement.ts";
import { matmul } from "../reference/product.ts";
import { largest, reduce, sum } from "../reference/reduce.ts";
import { check, type ConformanceCase } from "./case.ts";
import { floats, random, tensorOf } from "./inputs.ts";

/** A margin is not an element of the base: whatever is computed next must see it as its own value. */
export const marginCases = (): ConformanceCase[] => floats.flatMap((dtype) => casesOf(dtype));

function casesOf(dtype: Dtype): ConformanceCase[] {
  const x = random(83, [3, 5], dtype, 0.5, 2);
  const y = random(89, [5, 7], dtype);
  const margins: [number, number][] = [
    [1, 1],
    [1, 1],
  ];
  const padded = move.pad(x, margins);
  const input = (): Tensor => tensorOf(x, dtype).pad(margins);
  const one = (op: string, label: string, actual: () => Tensor, expected: () => Dense): ConformanceCase =>
    check({ op, dtype, label: `over a margin, ${label}`, actual, expected });
  return [
    one(
      "add",
      "both operands",
      () => input().add(tensorOf(y, dtype)),
      () => mapTogether((a, b) => a + b, padded, y),
    ),
    one(
      "exp",
      "margin becomes 1",
      () => input().exp(),
      () => map(Math.exp, padded),
    ),
    one(
      "reciprocal",
      "margin becomes infinite",
      () => input().reciprocal(),
      () => map((v) => 1 / v, padded),
    ),
    one(
      "sum",
      "of exponentials",
      () => input().exp().sum(0),
      () => reduce(map(Math.exp, padded), sum, { axes: [0] }),
    ),
    one(
      "max",
      "of negatives",
      () => input().neg().max(1),
      () =>
        reduce(
          map((v) => -v, padded),
          largest,
          { axes: [1] },
        ),
    ),
    one(
      "max",
      "of minus infinity",
      () => tensorOf(x, dtype).neg().pad(margins, -Infinity).max(1),
      () =>
        reduce(
          move.pad(
            map((v) => -v, x),
            margins,
            -Infinity,
          ),
          largest,
          { axes: [1] },
        ),
    ),
    one(
      "matmul",
      "left",
      () => input().matmul(tensorOf(move.transpose(y), dtype)),
      () => matmul(padded, move.transpose(y)),
    ),
    one(
      "pad",
      "of exponentials",
      () => tensorOf(x, dtype).exp().pad(margins),
      () => move.pad(map(Math.exp, x), margins),
    ),
  ];
}
