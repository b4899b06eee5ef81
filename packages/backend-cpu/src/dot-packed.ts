import type { TypedArray } from "@chainrule/core";

/**
 * Rows and columns of the tile whose sums stay in registers. V8 computes all products of an iteration before it adds
 * any, so that sums, products and operands together must fit the 15 registers of x64: 3×2 does, 4×4 spills and runs
 * at two thirds of the speed.
 */
export const tileRows = 3;
export const tileColumns = 2;

/** The longest run of k that is multiplied at once: a panel of A then stays in the first-level cache. */
export const maxDepth = 1024;

const panelB = tileRows * maxDepth;
/** Elements of packed B: with the rest, what a second-level cache holds. */
export const roomB: number = 2 ** 17;
const block = panelB + roomB;
/** Elements of a block of results. */
export const roomBlock: number = 2 ** 15;

/** The innermost part of a packed product. */
export interface PackedProduct {
  /** Packed operands and the block of results, which begins at `block`. */
  readonly memory: Float64Array;
  readonly block: number;
  /** Packs three rows from line `first` on, for the steps `from` to `to`: element l of a line is at line + steps[l]. */
  packRows(
    source: TypedArray,
    lines: readonly number[],
    first: number,
    steps: Int32Array,
    from: number,
    to: number,
  ): void;
  /** Packs all columns that `lines` has, for the same steps. */
  packColumns(
    source: TypedArray,
    lines: readonly number[],
    steps: Int32Array,
    from: number,
    to: number,
  ): void;
  /** Adds the product of the packed rows and all `columns` packed columns to the block's rows at `to`. */
  multiply(k: number, columns: number, to: number, width: number): void;
}

/**
 * All three parts live in one array that is a constant of the closures: V8 then addresses it by its absolute place,
 * which is worth a quarter of the speed. Everything is float64, whatever the operands: products of float32 are exact
 * in it, and nothing is converted in the inner loop.
 */
export function createPackedProduct(): PackedProduct {
  const s = new Float64Array(block + roomBlock);
  return {
    memory: s,
    block,
    // Lines that a last panel lacks are copies of its first: their sums are never looked at.
    packRows(source, lines, first, steps, from, to) {
      const x = lines[first]!;
      const y = lines[first + 1] ?? x;
      const z = lines[first + 2] ?? x;
      let at = 0;
      for (let l = from; l < to; l++) {
        const step = steps[l]!;
        s[at] = source[x + step]!;
        s[at + 1] = source[y + step]!;
        s[at + 2] = source[z + step]!;
        at = (at + 3) | 0;
      }
    },
    packColumns(source, lines, steps, from, to) {
      let at = panelB;
      for (let j = 0; j < lines.length; j += 2) {
        const x = lines[j]!;
        const y = lines[j + 1] ?? x;
        for (let l = from; l < to; l++) {
          const step = steps[l]!;
          s[at] = source[x + step]!;
          s[at + 1] = source[y + step]!;
          at = (at + 2) | 0;
        }
      }
    },
    multiply(k, columns, to, width) {
      const end = (k * 3) | 0;
      let q = panelB;
      for (let j = 0; j < columns; j = (j + 2) | 0) {
        const at = (to + j) | 0;
        let c00 = s[at]!;
        let c01 = s[at + 1]!;
        let c10 = s[at + width]!;
        let c11 = s[at + width + 1]!;
        let c20 = s[at + 2 * width]!;
        let c21 = s[at + 2 * width + 1]!;
        let p = 0;
        do {
          const b0 = s[q]!;
          const b1 = s[q + 1]!;
          const a0 = s[p]!;
          const a1 = s[p + 1]!;
          const a2 = s[p + 2]!;
          c00 += a0 * b0;
          c01 += a0 * b1;
          c10 += a1 * b0;
          c11 += a1 * b1;
          c20 += a2 * b0;
          c21 += a2 * b1;
          p = (p + 3) | 0;
          q = (q + 2) | 0;
        } while (p < end);
        s[at] = c00;
        s[at + 1] = c01;
        s[at + width] = c10;
        s[at + width + 1] = c11;
        s[at + 2 * width] = c20;
        s[at + 2 * width + 1] = c21;
      }
    },
  };
}
