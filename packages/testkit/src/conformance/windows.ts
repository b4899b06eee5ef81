import { overlapAdd, slidingWindows, type Dtype, type Tensor } from "@chainrule/core";
import { countOf, dense, generate, offsetOf, type Dense } from "../reference/dense.ts";
import { mapTogether } from "../reference/elementwise.ts";
import { reshape, transpose } from "../reference/movement.ts";
import { matmul } from "../reference/product.ts";
import { sumTolerance } from "../tolerance.ts";
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

/** Sliding windows, their transpose, and products that read them where they lie. */
export function windowCases(): ConformanceCase[] {
  return [...numbers.flatMap(viewCases), ...numbers.flatMap(productCases)];
}

function viewCases(dtype: Dtype): ConformanceCase[] {
  return cuts.flatMap((cut): ConformanceCase[] => {
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
  });
}

/** Windows over both last axes of an image, as columns: [batch, channels · cut², windows]. */
function columnsOf(x: Tensor, cut: Cut): Tensor {
  const { size, stride, dilation } = cut;
  const windows = slidingWindows(slidingWindows(x, 2, size, { stride, dilation }), 3, size, {
    stride,
    dilation,
  });
  const [batch, channels, rows, columns] = windows.shape as [number, number, number, number];
  return windows.permute(0, 1, 4, 5, 2, 3).reshape(batch, channels * size * size, rows * columns);
}

/** The same, read one by one. */
function denseColumns(x: Dense, cut: Cut): Dense {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const { size, stride, dilation } = cut;
  const [rows, columns] = [countOfWindows(height, cut), countOfWindows(width, cut)];
  return generate([batch, channels * size * size, rows * columns], ([i, line, window]) => {
    const [channel, k] = [Math.floor(line! / size ** 2), line! % size ** 2];
    const row = Math.floor(window! / columns) * stride + Math.floor(k / size) * dilation;
    const column = (window! % columns) * stride + (k % size) * dilation;
    return x.data[offsetOf(x.shape, [i!, channel, row, column])]!;
  });
}

/**
 * Products whose rows, columns and steps run over several axes of an image at once, as in convolution: with a matrix for
 * all images, transposed, with windows on both sides, over all images together, and with something behind them.
 */
function productCases(dtype: Dtype): ConformanceCase[] {
  return cuts.flatMap((cut): ConformanceCase[] => {
    const x = random(83, [2, 3, 11, 9], dtype);
    const depth = 3 * cut.size ** 2;
    const count = countOfWindows(11, cut) * countOfWindows(9, cut);
    const w = random(84, [5, depth], dtype);
    const u = random(85, [2, count, 4], dtype);
    const v = random(86, [7, 2 * count], dtype);
    const bias = random(87, [5, 1], dtype);
    const lines = (): Dense => denseColumns(x, cut);
    const product = (
      label: string,
      steps: number,
      actual: () => Tensor,
      expected: () => Dense,
    ): ConformanceCase =>
      check({
        op: "matmul",
        dtype,
        label: `windows of ${cut.size} by ${cut.stride}, ${cut.dilation} apart, ${label}`,
        actual,
        expected,
        tolerance: sumTolerance(dtype, steps),
      });
    const columns = (): Tensor => columnsOf(tensorOf(x, dtype), cut);
    const turned = (): Dense => transpose(lines(), 1, 2);
    return [
      product(
        "right",
        depth,
        () => tensorOf(w, dtype).matmul(columns()),
        () => matmul(w, lines()),
      ),
      product(
        "right, and a sum with each row",
        depth,
        () => tensorOf(w, dtype).matmul(columns()).add(tensorOf(bias, dtype)),
        () => mapTogether((y, b) => y + b, matmul(w, lines()), bias),
      ),
      product(
        "left",
        count,
        () => columns().matmul(tensorOf(u, dtype)),
        () => matmul(lines(), u),
      ),
      product(
        "on both sides",
        depth,
        () => columns().transpose(1, 2).matmul(columns()),
        () => matmul(turned(), lines()),
      ),
      product(
        "of all images together",
        2 * count,
        () =>
          tensorOf(v, dtype).matmul(
            columns()
              .permute(0, 2, 1)
              .reshape(2 * count, depth),
          ),
        () => matmul(v, reshape(turned(), [2 * count, depth])),
      ),
    ];
  });
}
