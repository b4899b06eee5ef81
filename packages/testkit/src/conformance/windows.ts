import { overlapAdd, slidingWindows } from "@chainrule/core";
import { countOf, dense, generate, offsetOf, type Dense } from "../reference/dense.ts";
import { check, type ConformanceCase } from "./case.ts";
import { numbers, random, tensorOf } from "./inputs.ts";

/** Windows that touch, overlap, leave gaps, and spread their elements. */
const cuts = [
  { size: 2, stride: 2, dilation: 1 },
  { size: 3, stride: 1, dilation: 1 },
  { size: 2, stride: 3, dilation: 1 },
  { size: 3, stride: 2, dilation: 2 },
] as const;

type Cut = (typeof cuts)[number];

const countOfWindows = (length: number, { size, stride, dilation }: Cut): number =>
  Math.floor((length - (size - 1) * dilation - 1) / stride) + 1;

/** Windows along axis 1 of three, read one by one. */
function windowsOf(x: Dense, cut: Cut): Dense {
  const [a = 0, length = 0, b = 0] = x.shape;
  const shape = [a, countOfWindows(length, cut), b, cut.size];
  return generate(shape, ([i, window, j, k]) => {
    const at = window! * cut.stride + k! * cut.dilation;
    return x.data[offsetOf(x.shape, [i!, at, j!])]!;
  });
}

/** Windows along axis 1 put back, added where they meet. */
function addedUp(windows: Dense, length: number, cut: Cut): Dense {
  const [a = 0, count = 0, b = 0] = windows.shape;
  const shape = [a, length, b];
  const sums = Array.from({ length: countOf(shape) }, () => 0);
  for (let i = 0; i < a; i++) {
    for (let window = 0; window < count; window++) {
      for (let j = 0; j < b; j++) {
        for (let k = 0; k < cut.size; k++) {
          const at = window * cut.stride + k * cut.dilation;
          sums[offsetOf(shape, [i, at, j])]! += windows.data[offsetOf(windows.shape, [i, window, j, k])]!;
        }
      }
    }
  }
  return dense(shape, sums);
}

/** Sliding windows and their transpose. */
export function windowCases(): ConformanceCase[] {
  return numbers.flatMap((dtype) =>
    cuts.flatMap((cut): ConformanceCase[] => {
      const label = `${cut.size} by ${cut.stride}, ${cut.dilation} apart`;
      const x = random(81, [2, 11, 3], dtype);
      const windows = random(82, [2, countOfWindows(11, cut), 3, cut.size], dtype);
      const { stride, dilation } = cut;
      return [
        check({
          op: "slidingWindows",
          dtype,
          label,
          actual: () => slidingWindows(tensorOf(x, dtype), 1, cut.size, { stride, dilation }),
          expected: () => windowsOf(x, cut),
        }),
        check({
          op: "overlapAdd",
          dtype,
          label,
          actual: () => overlapAdd(tensorOf(windows, dtype), 1, 11, { stride, dilation }),
          expected: () => addedUp(windows, 11, cut),
        }),
      ];
    }),
  );
}
