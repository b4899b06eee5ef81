import type { Generator } from "@chainrule/core";
import { between } from "../random-numbers.ts";

/** By how many pixels each pixel's source is moved. */
export interface Displacement {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * A smooth random field: uniform numbers blurred by a Gaussian of `smoothness` pixels, scaled so that the longest
 * displacement along an axis is `strength` pixels.
 */
export function elasticField(
  height: number,
  width: number,
  strength: number,
  smoothness: number,
  generator: Generator,
): Displacement {
  const axis = (): Float64Array => {
    const raw = Float64Array.from({ length: height * width }, () => between(generator, -1, 1));
    const smooth = blur(blur(raw, height, width, smoothness), width, height, smoothness);
    const longest = smooth.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return smooth.map((value) => (value / longest) * strength);
  };
  return { x: axis(), y: axis() };
}

/** Rows blurred by a Gaussian, edges repeated; the result is transposed, so that twice blurs both ways and turns back. */
function blur(values: Float64Array, height: number, width: number, sigma: number): Float64Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    sigma > 0 ? Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)) : Number(i === radius),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const out = new Float64Array(values.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        const from = Math.min(width - 1, Math.max(0, column + k));
        sum += kernel[k + radius]! * values[row * width + from]!;
      }
      out[column * height + row] = sum / total;
    }
  }
  return out;
}
