import type { Generator } from "@chainrule/core";
import { uniformNumbers } from "./draws.ts";

/** By how many pixels each pixel's source is moved. */
export interface Displacement {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * A smooth random field: uniform numbers blurred by a Gaussian of `smoothness` pixels, scaled so that the longest
 * displacement along an axis is `strength` pixels. It is made on a lattice a standard deviation wide and linear between
 * its points, which is within a tenth of the field itself. Two keys are drawn.
 */
export function elasticField(
  height: number,
  width: number,
  strength: number,
  smoothness: number,
  generator: Generator,
): Displacement {
  const spacing = Math.max(1, Math.floor(smoothness));
  const [rows, columns] = [height, width].map((size) => Math.ceil((size - 1) / spacing) + 1) as [
    number,
    number,
  ];
  const kernel = gaussian(smoothness / spacing);
  const axis = (): Float64Array => {
    const raw = uniformNumbers(generator, rows * columns);
    const smooth = blur(blur(raw, rows, columns, kernel), columns, rows, kernel);
    const field = interpolate(
      interpolate(smooth, rows, columns, spacing, width),
      width,
      rows,
      spacing,
      height,
    );
    let longest = 0;
    for (let i = 0; i < field.length; i++) longest = Math.max(longest, Math.abs(field[i]!));
    const scale = strength / (longest || 1);
    for (let i = 0; i < field.length; i++) field[i]! *= scale;
    return field;
  };
  return { x: axis(), y: axis() };
}

/** Weights of a Gaussian at −3σ to 3σ that add up to 1. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    sigma > 0 ? Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)) : Number(i === radius),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Rows blurred by a kernel, edges repeated; the result is transposed, so that twice blurs both ways and turns back. */
function blur(values: Float64Array, height: number, width: number, kernel: Float64Array): Float64Array {
  const radius = kernel.length >> 1;
  const line = new Float64Array(width + 2 * radius);
  const out = new Float64Array(values.length);
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < line.length; i++) {
      line[i] = values[row * width + Math.min(width - 1, Math.max(0, i - radius))]!;
    }
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k]! * line[column + k]!;
      out[column * height + row] = sum;
    }
  }
  return out;
}

/** Rows of lattice points made rows of `size` pixels; transposed as in `blur`. */
function interpolate(
  values: Float64Array,
  rows: number,
  columns: number,
  spacing: number,
  size: number,
): Float64Array {
  const out = new Float64Array(size * rows);
  for (let i = 0; i < size; i++) {
    const left = Math.floor(i / spacing);
    const share = i / spacing - left;
    const right = share > 0 ? left + 1 : left;
    for (let row = 0; row < rows; row++) {
      const at = row * columns;
      out[i * rows + row] = values[at + left]! * (1 - share) + values[at + right]! * share;
    }
  }
  return out;
}
