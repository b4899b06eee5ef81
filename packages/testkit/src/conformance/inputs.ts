import { type Dtype, type Tensor, tensor } from "@chainrule/core";
import { countOf, dense, type Dense, generate, offsetOf } from "../reference/dense.ts";
import { flip, pad, transpose } from "../reference/movement.ts";
import { randomIntegers, randomValues } from "../values.ts";

/** Float dtypes. */
export const floats = ["float32", "float64"] as const;

/** Dtypes that count. */
export const numbers = ["float32", "float64", "int32"] as const;

/** Every dtype. */
export const all = ["float32", "float64", "int32", "uint8", "bool"] as const;

/** Shapes that break loops: no axes, no elements, one, odd sizes, and more than any tile or thread's share. */
export const shapes: Readonly<Record<string, readonly number[]>> = {
  scalar: [],
  empty: [0, 3],
  one: [1],
  odd: [3, 5, 7],
  large: [331, 307],
};

/** An array whose elements are made when they are first read: the suite's inputs are many and some are large. */
export function lazily(shape: readonly number[], make: () => Dense): Dense {
  let made: Dense | undefined;
  return {
    shape,
    get data() {
      made ??= make();
      return made.data;
    },
  };
}

/** Random numbers fit for a dtype: small whole ones for integers, 0 and 1 for bool. */
export function random(seed: number, shape: readonly number[], dtype: Dtype, low = -2, high = 2): Dense {
  return lazily(shape, () => {
    const count = countOf(shape);
    switch (dtype) {
      case "float32":
      case "float64":
        return dense(shape, randomValues(seed, count, low, high));
      case "int32":
        return dense(shape, randomIntegers(seed, count, -9, 10));
      case "uint8":
        return dense(shape, randomIntegers(seed, count, 0, 20));
      case "bool":
        return dense(shape, randomIntegers(seed, count, 0, 2));
    }
  });
}

/** Random indices below a limit. */
export const indices = (seed: number, shape: readonly number[], limit: number): Dense =>
  lazily(shape, () => dense(shape, randomIntegers(seed, countOf(shape), 0, limit)));

/** A tensor of these elements. */
export function tensorOf({ shape, data }: Dense, dtype: Dtype): Tensor {
  const elements =
    dtype === "float32"
      ? Float32Array.from(data)
      : dtype === "float64"
        ? Float64Array.from(data)
        : dtype === "int32"
          ? Int32Array.from(data)
          : Uint8Array.from(data);
  return tensor(elements, { shape: [...shape], dtype });
}

/** A way to lay elements out in memory, so that a tensor of them reads through a view. */
export type Layout = "transposed" | "flipped" | "strided" | "offset" | "padded";

/** Every layout. */
export const layouts: readonly Layout[] = ["transposed", "flipped", "strided", "offset", "padded"];

/**
 * A tensor equal to `x` that is a view: of its transpose, of its reverse, of every second row, of the inside of a
 * larger array; or, for "padded", `x` without its zero last column, padded back. Needs two axes.
 */
export function laidOut(x: Dense, dtype: Dtype, layout: Layout): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  switch (layout) {
    case "transposed":
      return tensorOf(transpose(x, 0, -1), dtype).transpose(0, -1);
    case "flipped":
      return tensorOf(flip(flip(x, 0), -1), dtype)
        .flip(0)
        .flip(-1);
    case "strided": {
      const doubled = generate([rows * 2, ...x.shape.slice(1)], (position) => {
        const row = Math.floor(position[0]! / 2);
        return position[0]! % 2 === 0 ? x.data[offsetOf(x.shape, [row, ...position.slice(1)])]! : 1;
      });
      return tensorOf(doubled, dtype).slice([null, null, 2]);
    }
    case "offset": {
      const margins = x.shape.map((_, axis): [number, number] => (axis < 2 ? [1, 2] : [0, 0]));
      return tensorOf(pad(x, margins, 1), dtype).slice([1, rows + 1], [1, columns + 1]);
    }
    case "padded": {
      const inner = generate([rows, columns - 1], ([i, j]) => x.data[i! * columns + j!]!);
      return tensorOf(inner, dtype).pad([
        [0, 0],
        [0, 1],
      ]);
    }
  }
}

/** Elements for a layout: a matrix, its last column zero where the layout pads it. */
export function elementsFor(layout: Layout, seed: number, dtype: Dtype, low?: number, high?: number): Dense {
  const x = random(seed, [6, 5], dtype, low, high);
  if (layout !== "padded") return x;
  return lazily(x.shape, () => generate(x.shape, ([i, j]) => (j === 4 ? 0 : x.data[i! * 5 + j!]!)));
}
