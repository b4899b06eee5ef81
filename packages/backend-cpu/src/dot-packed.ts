import type { TypedArray } from "@chainrule/core";

/** Rows and columns of the tile that the inner loop keeps in registers. */
export const tileRows = 4;
export const tileColumns = 4;

/**
 * Copies `count` lines of `k` elements into panels of `width` lines, interleaved: panel p holds element (l, i) of its
 * lines at `p·width·k + i·width + l`. Lines that are missing in the last panel are zeros.
 */
export function pack(
  source: TypedArray,
  offset: number,
  lineStride: number,
  stride: number,
  count: number,
  k: number,
  width: number,
  target: Float64Array,
): void {
  let at = 0;
  for (let line = 0; line < count; line += width) {
    const present = Math.min(width, count - line);
    for (let l = 0; l < width; l++) {
      let to = at + l;
      if (l < present) {
        let from = offset + (line + l) * lineStride;
        for (let i = 0; i < k; i++, from += stride, to += width) target[to] = source[from]!;
      } else {
        for (let i = 0; i < k; i++, to += width) target[to] = 0;
      }
    }
    at += width * k;
  }
}

/** One tile of the product of a panel of A and a panel of B: each sum in the order of k, in float64. */
export function multiplyTile(
  a: Float64Array,
  fromA: number,
  b: Float64Array,
  fromB: number,
  k: number,
  block: Float64Array,
  at: number,
  width: number,
): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0;
  let c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0;
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0;
  let c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0;
  for (let i = 0; i < k; i++) {
    const p = fromA + i * 4;
    const q = fromB + i * 4;
    const b0 = b[q]!,
      b1 = b[q + 1]!,
      b2 = b[q + 2]!,
      b3 = b[q + 3]!;
    const a0 = a[p]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[p + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[p + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[p + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  block[at] = c00;
  block[at + 1] = c01;
  block[at + 2] = c02;
  block[at + 3] = c03;
  at += width;
  block[at] = c10;
  block[at + 1] = c11;
  block[at + 2] = c12;
  block[at + 3] = c13;
  at += width;
  block[at] = c20;
  block[at + 1] = c21;
  block[at + 2] = c22;
  block[at + 3] = c23;
  at += width;
  block[at] = c30;
  block[at + 1] = c31;
  block[at + 2] = c32;
  block[at + 3] = c33;
}
