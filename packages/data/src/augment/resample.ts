import type { TypedArray } from "@chainrule/core";
import type { Displacement } from "./elastic.ts";

/** Where a pixel comes from, counted from the centre: (xx·x + xy·y + dx, yx·x + yy·y + dy). */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly dx: number;
  readonly dy: number;
}

/** An image whose pixels are taken from where `affine` and then `field` point, bilinearly; `fill` lies outside. */
export function resample(
  pixels: TypedArray,
  height: number,
  width: number,
  affine: Affine,
  field: Displacement | null,
  fill: number,
): Float64Array {
  const out = new Float64Array(height * width);
  const [centerX, centerY] = [(width - 1) / 2, (height - 1) / 2];
  const at = (x: number, y: number): number =>
    x >= 0 && x < width && y >= 0 && y < height ? pixels[y * width + x]! : fill;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const i = row * width + column;
      const [x, y] = [column - centerX, row - centerY];
      const fromX = affine.xx * x + affine.xy * y + affine.dx + centerX + (field?.x[i] ?? 0);
      const fromY = affine.yx * x + affine.yy * y + affine.dy + centerY + (field?.y[i] ?? 0);
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [right, low] = [fromX - left, fromY - top];
      const upper = right === 0 ? at(left, top) : at(left, top) * (1 - right) + at(left + 1, top) * right;
      // Exactly on a row the one below has no say, even where it holds a NaN.
      if (low === 0) {
        out[i] = upper;
        continue;
      }
      const lower =
        right === 0 ? at(left, top + 1) : at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      out[i] = upper * (1 - low) + lower * low;
    }
  }
  return out;
}
