import type { DotKernel, Shape, TypedArray } from "@chainrule/core";
import { directBlock, lowerDirectDot, thinResult } from "./dot-direct.ts";
import { lowerEpilogue } from "./dot-epilogue.ts";
import { placeOf, placesOf, sizeOf } from "./dot-places.ts";
import { lowerMap } from "./map.ts";
import { maxDepth, roomB, roomBlock, tileColumns, tileRows, type PackedProduct } from "./dot-packed.ts";
import type { EmitterKind, Program } from "./emitter.ts";
import type { Scratch } from "./scratch.ts";

type Run = (buffers: readonly TypedArray[]) => void;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
const roundDown = (value: number, step: number): number => Math.floor(value / step) * step;

/** Whether packing would cost more than it saves: for lines few enough, each packed element is used too rarely. */
function isDirect({ shape, dtype }: DotKernel, mode: EmitterKind["mode"]): boolean {
  return dtype === "int32" || (mode === "codegen" && Math.min(...shape.slice(-2)) <= 5);
}

/** Generated products with k no longer than this have no block of results: each is computed where it is used. */
const thin = 6;

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function compileDot(kernel: DotKernel, kind: EmitterKind, scratch: Scratch): Run {
  const { shape } = kernel;
  const [m, n] = shape.slice(-2) as [number, number];
  const k = sizeOf(kernel.k);
  const bound = kernel.inputs.length + kernel.outputs.length;
  if (k <= thin && kernel.m.length + kernel.n.length === 2 && kind.mode === "codegen") {
    return kind.lower((emitter) => lowerMap(emitter, kernel, thinResult(kernel)), bound);
  }
  const batches = sizeOf(shape.slice(0, -2));
  if (isDirect(kernel, kind.mode)) {
    const { rows, columns } = directBlock;
    const block = scratch.directBlock;
    const width = Math.min(n, columns);
    const fill = kind.lower((emitter) => lowerDirectDot(emitter, kernel, width), bound, [block]);
    const epilogue = kind.lower((emitter) => lowerEpilogue(emitter, kernel, 0, width), bound, [block]);
    return (buffers) => {
      for (let batch = 0; batch < batches; batch++) {
        for (let row = 0; row < m; row += rows) {
          const toRow = Math.min(m, row + rows);
          for (let column = 0; column < n; column += columns) {
            const toColumn = Math.min(n, column + columns);
            fill(buffers, batch, row, toRow, column, toColumn);
            epilogue(buffers, batch, row, toRow, column, toColumn);
          }
        }
      }
    };
  }
  const product = scratch.packedProduct;
  const depth = Math.min(k, maxDepth);
  const columns = Math.min(roundUp(n, tileColumns), roundDown(roomB / depth, tileColumns), 512);
  // Where k takes several passes, B is packed anew for each block, which should then be high; else it may be low.
  const blockRoom = depth < k ? roomBlock : 4096;
  const rows = Math.min(roundUp(m, tileRows), Math.max(tileRows, roundDown(blockRoom / columns, tileRows)));
  const epilogue = kind.lower((emitter) => lowerEpilogue(emitter, kernel, product.block, columns), bound, [
    product.memory,
  ]);
  return packedDot(kernel, product, epilogue, { batches, depth, columns, rows });
}

/** How a product is cut: `depth` of k, `columns` of B packed at once, and with them `rows` of A to a block. */
interface Cut {
  readonly batches: number;
  readonly depth: number;
  readonly columns: number;
  readonly rows: number;
}

function packedDot(kernel: DotKernel, product: PackedProduct, epilogue: Program, cut: Cut): Run {
  const { a, b, shape } = kernel;
  const [m, n] = shape.slice(-2) as [number, number];
  const { batches, depth, columns, rows } = cut;
  const { memory, block } = product;
  const batch = shape.slice(0, -2);
  const k = sizeOf(kernel.k);
  const stepsA = placesOf(kernel.k, a.column);
  const stepsB = placesOf(kernel.k, b.row);
  /** Where lines from `first` on begin, `count` of them. */
  const lines = (
    origin: number,
    sizes: Shape,
    strides: readonly number[],
    first: number,
    count: number,
  ): number[] => Array.from({ length: count }, (_, i) => origin + placeOf(first + i, sizes, strides));
  return (buffers) => {
    const arrayA = buffers[a.input]!;
    const arrayB = buffers[b.input]!;
    for (let number = 0; number < batches; number++) {
      const originA = a.offset + placeOf(number, batch, a.batch);
      const originB = b.offset + placeOf(number, batch, b.batch);
      for (let column = 0; column < n; column += columns) {
        const width = Math.min(columns, n - column);
        const linesB = lines(originB, kernel.n, b.column, column, width);
        for (let row = 0; row < m; row += rows) {
          const toRow = Math.min(m, row + rows);
          memory.fill(0, block, block + roundUp(toRow - row, tileRows) * columns);
          const linesA = lines(originA, kernel.m, a.row, row, toRow - row);
          for (let l = 0; l < k; l += depth) {
            const end = Math.min(k, l + depth);
            if (row === 0 || depth < k) product.packColumns(arrayB, linesB, stepsB, l, end);
            for (let i = row; i < toRow; i += tileRows) {
              product.packRows(arrayA, linesA, i - row, stepsA, l, end);
              product.multiply(end - l, width, block + (i - row) * columns, columns);
            }
          }
          epilogue(buffers, number, row, toRow, column, column + width);
        }
      }
    }
  };
}
