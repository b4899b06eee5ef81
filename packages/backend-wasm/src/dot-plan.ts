import type { DotKernel, DotOperand } from "@chainrule/core";
import { type Arithmetic, arithmeticOf } from "./dot-arithmetic.ts";
import { isPlain } from "./dot-epilogue.ts";
import type { Matrix, Walk } from "./dot-matrix.ts";

/** Rows of the tile that fills the registers; a product that is not fused needs one of them for itself. */
export const tileRowsOf = (isFused: boolean): number => (isFused ? 6 : 5);

/** Steps of k in one pass: a tile's rows of A then stay in the first-level cache. */
const maxDepth = 1024;

/** The same where A is packed, or sums are long. */
const maxPackedDepth = 512;

/** Bytes of B, packed or not, that a block of columns may have: they stay in the second-level cache. */
const blockBytes = 2 ** 20;

/** Bytes of results that wait for their epilogue in the first-level cache. */
const rowBlockBytes = 2 ** 14;

/** Where both operands adjoin along k, so few rows of A are multiplied without packing B. */
const maxInnerRows = 8;

/** So shallow a product reads its operands where they lie: packing would cost as much as multiplying. */
const maxDirectDepth = 64;

/** Room after a scratch area for loads that read past its end. */
const slack = 64;

/** From so many steps on, sums of small results are made in parts, which threads share and which round less. */
const longDepth = 4096;
const maxParts = 8;
const partBytes = 2 ** 17;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/**
 * How a product is cut: into blocks of columns, each in passes over k; a block into tiles of rows, and these into
 * panels of columns, of which one at a time is computed in registers.
 */
export interface DotPlan {
  readonly arithmetic: Arithmetic;
  /** Bytes of an element. */
  readonly size: number;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether results adjoin along rows: the operands were changed about, and the kernel's adjoin along its columns. */
  readonly turned: boolean;
  /** Whether the outputs are the product and nothing more. */
  readonly plain: boolean;
  /** Whether tiles are inner products of rows and columns that both adjoin along k. */
  readonly isInner: boolean;
  readonly packsA: boolean;
  readonly packsB: boolean;
  /** Steps that the operands take at once: one, or the whole innermost axis of several. */
  readonly run: number;
  readonly passes: number;
  /** Steps of k in a pass. */
  readonly depth: number;
  /** Parts of the sums that are added up in the end, and the passes of each. */
  readonly parts: number;
  readonly partPasses: number;
  /** Columns of a panel; whole fours, since epilogues go by fours. */
  readonly panel: number;
  /** Panels of a block, at most. */
  readonly panels: number;
  readonly blocks: number;
  /** Rows of a tile; the last has what is left. */
  readonly height: number;
  readonly tiles: number;
  /** Tiles that go to the epilogue together. */
  readonly strip: number;
  /** Whether results wait for later passes before their epilogue. */
  readonly waits: boolean;
  /** Bytes from one row of results to the next, or from one column to the next where they are turned. */
  readonly cLine: number;
  /** Bytes of scratch: for packed B, for results that wait for later passes, and for what each thread works on. */
  readonly packedBytes: number;
  readonly resultBytes: number;
  readonly ownBytes: number;
  /** Where in a thread's own scratch packed A begins. */
  readonly ownA: number;
}

/** Both operands, in bytes. */
function matricesOf({ a, b, m, n, k }: DotKernel, size: number): [a: Matrix, b: Matrix] {
  const bytes = (strides: readonly number[]): number[] => strides.map((stride) => stride * size);
  const matrix = (
    { input, offset, batch }: DotOperand,
    sizes: readonly number[],
    lines: readonly number[],
    steps: readonly number[],
  ): Matrix => ({
    input,
    offset: offset * size,
    batch: bytes(batch),
    lines: { sizes, strides: bytes(lines) },
    steps: { sizes: k, strides: bytes(steps) },
  });
  return [matrix(a, m, a.row, a.column), matrix(b, n, b.column, b.row)];
}

/** The only stride of a walk; none where there are several. */
const strideOf = ({ sizes, strides }: Walk): number => (sizes.length === 1 ? strides[0]! : NaN);

/** Decides how a product is computed. */
export function planDot(kernel: DotKernel, isRelaxed: boolean): DotPlan {
  const { shape } = kernel;
  const arithmetic = arithmeticOf(kernel.dtype, isRelaxed);
  const { size, lanes, madd } = arithmetic;
  const tileRows = tileRowsOf(madd !== 0);
  const [left, right] = matricesOf(kernel, size);
  const [rows, columns] = shape.slice(-2) as [number, number];
  // Results adjoin along columns; and what walks several axes is read where it lies, which only rows can be.
  const swapped = (rows > 1 && columns === 1) || (kernel.n.length > 1 && kernel.m.length === 1);
  const [a, b] = swapped ? [right, left] : [left, right];
  const [m, n] = swapped ? [columns, rows] : [rows, columns];
  const turned = swapped && m > 1;
  const k = kernel.k.reduce((product, steps) => product * steps, 1);
  const isWalked = a.steps.sizes.length > 1;
  const run = isWalked ? a.steps.sizes.at(-1)! : 1;
  const [aRow, aStep] = [strideOf(a.lines), strideOf(a.steps)];
  const [bColumn, bStep] = [strideOf(b.lines), strideOf(b.steps)];
  const adjoin = aStep === size && bStep === size && aRow >= 0 && bColumn >= 0;
  const isInner = adjoin && m <= maxInnerRows && k >= lanes;
  const vectors = m === 1 ? 8 : m === 2 ? 4 : m === 3 && lanes === 4 ? 3 : 2;
  const panel = isInner ? (m === 1 ? 8 : 4) : vectors * lanes;
  const tallest = isInner ? 2 : turned && n <= lanes ? 8 : tileRows;
  const height = Math.ceil(m / Math.ceil(m / tallest));
  const packsA = !isInner && !isWalked && (aRow < 0 || (aRow >= 0 && aStep !== size && k > maxDirectDepth));
  const packsB = !isInner && (isWalked || bColumn !== size || (k > maxDirectDepth && m > 2 * tileRows));
  const batches = shape.slice(0, -2).reduce((product, count) => product * count, 1);
  const bytesOfResults = m * roundUp(n, panel) * size;
  const isLong = !isInner && k >= longDepth && batches < 4 && bytesOfResults <= partBytes;
  const limit = packsA || isLong ? maxPackedDepth : maxDepth;
  const wanted = isInner ? 1 : roundUp(Math.max(1, Math.ceil(k / limit)), isLong ? maxParts : 1);
  const unit = isWalked ? run : wanted > 1 ? 4 : 1;
  const depth = Math.max(unit, roundUp(Math.ceil(k / wanted), unit));
  const passes = Math.max(1, Math.ceil(k / depth));
  const partPasses = isLong ? Math.ceil(passes / maxParts) : passes;
  const parts = Math.ceil(passes / partPasses);
  const plain = isPlain(kernel) && parts === 1;
  const bytesOfPanel = depth * size * panel;
  const finishesRows = !plain && passes === 1;
  const rowRoom = finishesRows ? rowBlockBytes / (height * size * panel) : Infinity;
  const room = Math.floor(Math.min(blockBytes / bytesOfPanel, rowRoom));
  const panels = Math.min(Math.ceil(n / panel), parts > 1 ? Infinity : Math.max(1, room));
  const waits = !plain && passes > 1;
  const width = panels * panel;
  // Turned results go to the epilogue by fours of rows.
  const stripRows = Math.min(rowBlockBytes / (width * size), batches < 4 ? m / 8 : m);
  const strip = !turned || waits ? 1 : Math.max(4, Math.floor(stripRows / height / 4) * 4);
  const stripLine = turned ? strip * height : width;
  const cLine = (plain || (turned && waits) ? (turned ? m : n) : stripLine) * size;
  const ownA = finishesRows ? (turned ? width : height) * cLine + slack : 0;
  return {
    arithmetic,
    size,
    a,
    b,
    m,
    n,
    k,
    turned,
    plain,
    isInner,
    packsA,
    packsB,
    run,
    passes,
    depth,
    parts,
    partPasses,
    panel,
    panels,
    blocks: Math.ceil(n / width),
    height,
    tiles: Math.ceil(m / height),
    strip,
    waits,
    cLine,
    packedBytes: packsB ? panels * bytesOfPanel + slack : 0,
    resultBytes: waits ? (turned ? width : m) * cLine + slack : 0,
    ownBytes: ownA + (packsA ? height * depth * size + slack : 0),
    ownA,
  };
}
