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
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const i = row * width + column;
      const x = column - centerX;
      const y = row - centerY;
      const fromX = affine.xx * x + affine.xy * y + affine.dx + centerX + (field ? field.x[i]! : 0);
      const fromY = affine.yx * x + affine.yy * y + affine.dy + centerY + (field ? field.y[i]! : 0);
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const right = fromX - left;
      const low = fromY - top;
      if (right > 0 && low > 0 && left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
        const at = top * width + left;
        const upper = pixels[at]! * (1 - right) + pixels[at + 1]! * right;
        const lower = pixels[at + width]! * (1 - right) + pixels[at + width + 1]! * right;
        out[i] = upper * (1 - low) + lower * low;
      } else out[i] = atEdge(left, top, right, low);
    }
  }
  return out;

  /** Where pixels lie outside, or have no say, even a NaN: the position is exactly on a row or a column. */
  function atEdge(left: number, top: number, right: number, low: number): number {
    const upper = inRow(top, left, right);
    return low === 0 ? upper : upper * (1 - low) + inRow(top + 1, left, right) * low;
  }

  function inRow(row: number, left: number, right: number): number {
    const value = pixelAt(left, row);
    return right === 0 ? value : value * (1 - right) + pixelAt(left + 1, row) * right;
  }

  function pixelAt(x: number, y: number): number {
    return x >= 0 && x < width && y >= 0 && y < height ? pixels[y * width + x]! : fill;
  }
}
