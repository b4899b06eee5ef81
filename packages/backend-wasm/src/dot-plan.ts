import type { DotKernel } from "@chainrule/core";
import { isPlain } from "./dot-epilogue.ts";
import { type Arithmetic, arithmeticOf } from "./dot-tile.ts";

/** Rows of the tile that fills the registers; a product that is not fused needs one of them for itself. */
export const tileRowsOf = (isFused: boolean): number => (isFused ? 6 : 5);

/** Steps of k in one pass: a tile's rows of A then stay in the first-level cache. */
const maxDepth = 1024;

/** The same where A is packed, which is done anew for each block of columns: blocks are then wider. */
const maxPackedDepth = 512;
const wideBlockBytes = 2 ** 21;

/** Bytes of B, packed or not, that a block of columns may have: they stay in the second-level cache. */
const blockBytes = 2 ** 19;

/** Bytes of results that wait for their epilogue in the first-level cache. */
const rowBlockBytes = 2 ** 14;

/** Where both operands adjoin along k, so few rows of A are multiplied without packing B. */
const maxInnerRows = 8;

/** So shallow a product reads its operands where they lie: packing would cost as much as multiplying. */
const maxDirectDepth = 64;

/** Room after a scratch area for loads that read past its end. */
const slack = 64;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** One operand, its strides in bytes. */
export interface Matrix {
  readonly input: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/**
 * How a product is cut: into blocks of columns, each in passes over k; a block into tiles of rows, and these into
 * panels of columns, of which one at a time is computed in registers.
 */
export interface DotPlan {
  readonly arithmetic: Arithmetic;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether the operands were changed about, so that results adjoin along columns. */
  readonly swapped: boolean;
  /** Whether the outputs are the product and nothing more. */
  readonly plain: boolean;
  /** Whether tiles are inner products of rows and columns that both adjoin along k. */
  readonly isInner: boolean;
  readonly packsA: boolean;
  readonly packsB: boolean;
  readonly passes: number;
  /** Steps of k in a pass. */
  readonly depth: number;
  /** Columns of a panel; whole fours, since epilogues go by fours. */
  readonly panel: number;
  /** Panels of a block, at most. */
  readonly panels: number;
  readonly blocks: number;
  /** Tiles of rows: the first `taller` of them have `shorter` + 1 rows, the others `shorter`. */
  readonly tiles: number;
  readonly shorter: number;
  readonly taller: number;
  /** Bytes from one row of results to the next. */
  readonly cRow: number;
  /** Bytes of scratch: for packed B, for results that wait for later passes, and for what each thread works on. */
  readonly packedBytes: number;
  readonly resultBytes: number;
  readonly ownBytes: number;
  /** Where in a thread's own scratch packed A begins. */
  readonly ownA: number;
}

function operandsOf(
  { a, b, m: [m = 1], n: [n = 1] }: DotKernel,
  size: number,
): Pick<DotPlan, "a" | "b" | "m" | "n" | "swapped"> {
  const bytes = ({ input, offset, batch, row, column }: DotKernel["a"]): Matrix => ({
    input,
    offset: offset * size,
    batch: batch.map((stride) => stride * size),
    row: row[0]! * size,
    column: column[0]! * size,
  });
  const turned = (matrix: Matrix): Matrix => ({ ...matrix, row: matrix.column, column: matrix.row });
  const [left, right] = [bytes(a), bytes(b)];
  if (n > 1 || m === 1) return { a: left, b: right, m, n, swapped: false };
  return { a: turned(right), b: turned(left), m: n, n: m, swapped: true };
}

/** Decides how a product is computed. */
export function planDot(kernel: DotKernel, isRelaxed: boolean): DotPlan {
  const k = kernel.k[0]!;
  const arithmetic = arithmeticOf(kernel.dtype, isRelaxed);
  const { size, lanes, madd } = arithmetic;
  const tileRows = tileRowsOf(madd !== 0);
  const operands = operandsOf(kernel, size);
  const { a, b, m, n } = operands;
  const plain = isPlain(kernel);
  const adjoin = a.column === size && b.row === size && a.row >= 0 && b.column >= 0;
  const isInner = adjoin && m <= maxInnerRows && k >= lanes;
  const vectors = m === 1 ? 8 : m === 2 ? 4 : m === 3 && lanes === 4 ? 3 : 2;
  const panel = isInner ? (m === 1 ? 8 : 4) : vectors * lanes;
  const tiles = Math.ceil(m / (isInner ? Math.min(m, 2) : tileRows));
  const packsA = !isInner && (a.row < 0 || (a.column !== size && k > maxDirectDepth));
  const packsB = !isInner && (b.column !== size || (k > maxDirectDepth && m > 2 * tileRows));
  const passes = isInner ? 1 : Math.max(1, Math.ceil(k / (packsA ? maxPackedDepth : maxDepth)));
  const depth = roundUp(Math.ceil(k / passes), passes > 1 ? 4 : 1);
  const bytesOfPanel = depth * size * panel;
  const finishesRows = !plain && passes === 1;
  const rowRoom = finishesRows ? rowBlockBytes / (tileRows * size * panel) : Infinity;
  const room = Math.floor(Math.min((packsA ? wideBlockBytes : blockBytes) / bytesOfPanel, rowRoom));
  const panels = Math.min(Math.ceil(n / panel), Math.max(1, room));
  const cRow = (plain ? n : panels * panel) * size;
  const ownA = finishesRows ? tileRows * cRow + slack : 0;
  return {
    ...operands,
    arithmetic,
    k,
    plain,
    isInner,
    packsA,
    packsB,
    passes,
    depth,
    panel,
    panels,
    blocks: Math.ceil(n / (panels * panel)),
    tiles,
    shorter: Math.floor(m / tiles),
    taller: m % tiles,
    cRow,
    packedBytes: packsB ? panels * bytesOfPanel + slack : 0,
    resultBytes: plain || passes === 1 ? 0 : m * cRow + slack,
    ownBytes: ownA + (packsA ? tileRows * depth * size + slack : 0),
    ownA,
  };
}
