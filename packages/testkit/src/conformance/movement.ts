import type { Tensor } from "@chainrule/core";
import { type Dense, generate } from "../reference/dense.ts";
import { broadcastTo, mapTogether } from "../reference/elementwise.ts";
import * as move from "../reference/movement.ts";
import { check, type ConformanceCase } from "./case.ts";
import { all, random, tensorOf } from "./inputs.ts";

interface Move {
  readonly op: string;
  readonly label: string;
  readonly shape: readonly number[];
  readonly call: (x: Tensor) => Tensor;
  readonly reference: (x: Dense) => Dense;
}

const move1 = (
  op: string,
  label: string,
  shape: readonly number[],
  call: (x: Tensor) => Tensor,
  reference: (x: Dense) => Dense,
): Move => ({ op, label, shape, call, reference });

const slices: Readonly<Record<string, readonly move.SliceSpec[]>> = {
  index: [1],
  "negative index": [null, -1],
  range: [[1, 4]],
  stride: [null, [null, null, 3]],
  reversed: [[null, null, -1]],
  "reversed stride": [[4, 0, -2], null, [null, null, -3]],
  nothing: [[3, 3]],
  mixed: [[1, null, 2], 2, [5, 1, -1]],
};

const moves: readonly Move[] = [
  move1(
    "transpose",
    "last two",
    [3, 5, 7],
    (x) => x.transpose(),
    (x) => move.transpose(x),
  ),
  move1(
    "transpose",
    "first and last",
    [3, 5, 7],
    (x) => x.transpose(0, 2),
    (x) => move.transpose(x, 0, 2),
  ),
  move1(
    "permute",
    "rotated",
    [3, 5, 7],
    (x) => x.permute(2, 0, 1),
    (x) => move.permute(x, [2, 0, 1]),
  ),
  move1(
    "permute",
    "large",
    [331, 307],
    (x) => x.permute(1, 0),
    (x) => move.permute(x, [1, 0]),
  ),
  move1(
    "reshape",
    "of a transpose",
    [5, 7],
    (x) => x.transpose().reshape(5, 7),
    (x) => move.reshape(move.transpose(x), [5, 7]),
  ),
  move1(
    "reshape",
    "of a reverse",
    [6, 4],
    (x) => x.flip(1).reshape(3, -1),
    (x) => move.reshape(move.flip(x, 1), [3, 8]),
  ),
  move1(
    "reshape",
    "empty",
    [0, 3],
    (x) => x.reshape(3, 0),
    (x) => move.reshape(x, [3, 0]),
  ),
  move1(
    "flip",
    "first",
    [3, 5],
    (x) => x.flip(0),
    (x) => move.flip(x, 0),
  ),
  move1(
    "flip",
    "last",
    [3, 5],
    (x) => x.flip(-1),
    (x) => move.flip(x, -1),
  ),
  move1(
    "broadcastTo",
    "rows",
    [7],
    (x) => x.broadcastTo([5, 7]),
    (x) => broadcastTo(x, [5, 7]),
  ),
  move1(
    "broadcastTo",
    "columns",
    [5, 1],
    (x) => x.broadcastTo([3, 5, 7]),
    (x) => broadcastTo(x, [3, 5, 7]),
  ),
  move1(
    "broadcastTo",
    "scalar",
    [],
    (x) => x.broadcastTo([2, 3]),
    (x) => broadcastTo(x, [2, 3]),
  ),
  move1(
    "tile",
    "both axes",
    [2, 3],
    (x) => x.tile([3, 2]),
    (x) => move.tile(x, [3, 2]),
  ),
  move1(
    "tile",
    "new axis",
    [3],
    (x) => x.tile([2, 2]),
    (x) => move.tile(x, [2, 2]),
  ),
  move1(
    "repeat",
    "rows",
    [2, 3],
    (x) => x.repeat(3, 0),
    (x) => generate([6, 3], ([i, j]) => x.data[Math.floor(i! / 3) * 3 + j!]!),
  ),
  move1(
    "T",
    "matrix",
    [3, 5],
    (x) => x.T,
    (x) => move.transpose(x),
  ),
  move1(
    "squeeze",
    "all",
    [1, 5, 1],
    (x) => x.squeeze(),
    (x) => move.reshape(x, [5]),
  ),
  move1(
    "expandDims",
    "last",
    [5],
    (x) => x.expandDims(-1),
    (x) => move.reshape(x, [5, 1]),
  ),
  move1(
    "flatten",
    "last two",
    [3, 5, 7],
    (x) => x.flatten(1),
    (x) => move.reshape(x, [3, 35]),
  ),
  ...Object.entries(slices).map(([label, specs]) =>
    move1(
      "slice",
      label,
      [5, 7, 6],
      (x) => x.slice(...specs),
      (x) => move.slice(x, specs),
    ),
  ),
  move1(
    "slice",
    "of a slice of a transpose",
    [7, 9],
    (x) => x.transpose().slice([1, 8, 2]).slice(null, [5, 0, -2]),
    (x) => move.slice(move.slice(move.transpose(x), [[1, 8, 2]]), [null, [5, 0, -2]]),
  ),
  move1(
    "pad",
    "around",
    [3, 5],
    (x) =>
      x.pad([
        [1, 2],
        [0, 3],
      ]),
    (x) =>
      move.pad(x, [
        [1, 2],
        [0, 3],
      ]),
  ),
  move1(
    "pad",
    "of nothing",
    [0, 2],
    (x) =>
      x.pad([
        [2, 1],
        [0, 0],
      ]),
    (x) =>
      move.pad(x, [
        [2, 1],
        [0, 0],
      ]),
  ),
  move1(
    "pad",
    "of a pad",
    [3],
    (x) => x.pad([[1, 1]]).pad([[2, 0]]),
    (x) => move.pad(x, [[3, 1]]),
  ),
  move1(
    "pad",
    "of a reverse",
    [3, 5],
    (x) =>
      x.flip(1).pad([
        [1, 0],
        [2, 2],
      ]),
    (x) =>
      move.pad(move.flip(x, 1), [
        [1, 0],
        [2, 2],
      ]),
  ),
  move1(
    "pad",
    "then sliced through the margin",
    [5],
    (x) => x.pad([[3, 3]]).slice([2, 6]),
    (x) => move.slice(move.pad(x, [[3, 3]]), [[2, 6]]),
  ),
  move1(
    "pad",
    "then reshaped",
    [3, 5],
    (x) =>
      x
        .pad([
          [0, 1],
          [1, 0],
        ])
        .reshape(-1),
    (x) =>
      move.reshape(
        move.pad(x, [
          [0, 1],
          [1, 0],
        ]),
        [24],
      ),
  ),
  move1(
    "pad",
    "then transposed and reversed",
    [3, 5],
    (x) =>
      x
        .pad([
          [0, 1],
          [1, 0],
        ])
        .transpose()
        .flip(0),
    (x) =>
      move.flip(
        move.transpose(
          move.pad(x, [
            [0, 1],
            [1, 0],
          ]),
        ),
        0,
      ),
  ),
  move1(
    "tril",
    "below the diagonal",
    [5, 7],
    (x) => x.tril(-1),
    (x) =>
      mapTogether(
        (v, keep) => (keep ? v : 0),
        x,
        generate([5, 7], ([i, j]) => Number(j! <= i! - 1)),
      ),
  ),
  move1(
    "triu",
    "stack",
    [2, 5, 4],
    (x) => x.triu(1),
    (x) =>
      mapTogether(
        (v, keep) => (keep ? v : 0),
        x,
        generate([5, 4], ([i, j]) => Number(j! >= i! + 1)),
      ),
  ),
];

/** Elements elsewhere, bit for bit, in every dtype. */
export function movementCases(): ConformanceCase[] {
  return all.flatMap((dtype) =>
    moves.map(({ op, label, shape, call, reference }) => {
      const x = random(67, shape, dtype);
      return check({
        op,
        dtype,
        label,
        actual: () => call(tensorOf(x, dtype)),
        expected: () => reference(x),
        tolerance: { rtol: 0, atol: 0 },
        signedZero: true,
      });
    }),
  );
}
