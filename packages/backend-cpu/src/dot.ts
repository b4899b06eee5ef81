import type { DotKernel, TypedArray } from "@chainrule/core";
import { lowerDirectDot } from "./dot-direct.ts";
import { multiplyTile, pack, tileColumns, tileRows } from "./dot-packed.ts";
import type { Emitter, EmitterKind, Program } from "./emitter.ts";
import { Evaluation } from "./evaluation.ts";
import { contiguousMap, storeOutputs } from "./nest.ts";
import { castOperation, position } from "./scalar.ts";
import { blockColumns, blockRows, type Scratch } from "./scratch.ts";

/** Products with no more multiplications than this are not worth packing. */
const directLimit = 4096;

/** The outputs of one block of results. */
function lowerEpilogue<E>(emitter: Emitter<E>, kernel: DotKernel, blockWidth: number): void {
  const { shape, outputs, dtype } = kernel;
  const rank = shape.length;
  const stored = contiguousMap(shape);
  const axes = shape.map((_, axis) => axis);
  const order = axes.filter((axis) => axis >= rank - 2 || shape[axis]! > 1);
  const evaluation = new Evaluation(emitter, outputs, [stored], shape, order);
  let rest = emitter.parameter(0);
  const indices: E[] = [];
  for (let axis = rank - 3; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    const size = emitter.literal(shape[axis]!);
    indices[axis] = axis === 0 ? rest : emitter.bind(emitter.apply(position.remainder, rest, size));
    if (axis > 0) rest = emitter.bind(emitter.apply(position.quotient, rest, size));
  }
  for (const axis of order.slice(0, -2)) {
    evaluation.flush();
    evaluation.enter(axis, { base: indices[axis]!, constant: 0 }, [0, shape[axis]!]);
  }
  const [fromRow, toRow, fromColumn, toColumn] = [1, 2, 3, 4].map((i) => emitter.parameter(i)) as [
    E,
    E,
    E,
    E,
  ];
  evaluation.flush();
  emitter.loop(fromRow, toRow, 1, (row) => {
    evaluation.enter(rank - 2, { base: row, constant: 0 }, [0, shape[rank - 2]!]);
    evaluation.flush();
    const line = emitter.bind(
      emitter.apply(
        position.subtract,
        emitter.apply(
          position.multiply,
          emitter.apply(position.subtract, row, fromRow),
          emitter.literal(blockWidth),
        ),
        fromColumn,
      ),
    );
    emitter.loop(fromColumn, toColumn, 1, (column) => {
      evaluation.enter(rank - 1, { base: column, constant: 0 }, [0, shape[rank - 1]!]);
      const sum = emitter.load(
        kernel.inputs.length + outputs.length,
        emitter.apply(position.add, line, column),
      );
      evaluation.result = emitter.bind(emitter.apply(castOperation("float64", dtype), sum));
      storeOutputs(emitter, evaluation, outputs, stored, kernel.inputs.length);
      evaluation.leave();
    });
    evaluation.leave();
  });
}

type Run = (buffers: readonly TypedArray[]) => void;

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function compileDot(kernel: DotKernel, kind: EmitterKind, scratch: Scratch): Run {
  const { a, b, m, n, k, dtype, shape } = kernel;
  const bound = kernel.inputs.length + kernel.outputs.length;
  const block = scratch.block;
  const batches = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const epilogue: Program = kind.lower((emitter) => lowerEpilogue(emitter, kernel, blockColumns), bound, [
    block,
  ]);
  const isDirect =
    dtype === "int32" || (kind.mode === "codegen" && (m * n * k <= directLimit || m === 1 || n === 1));
  if (isDirect) {
    const fill = kind.lower((emitter) => lowerDirectDot(emitter, kernel, bound, blockColumns), bound, [
      block,
    ]);
    return (buffers) => {
      for (let batch = 0; batch < batches; batch++) {
        for (let row = 0; row < m; row += blockRows) {
          const toRow = Math.min(m, row + blockRows);
          for (let column = 0; column < n; column += blockColumns) {
            const toColumn = Math.min(n, column + blockColumns);
            fill(buffers, batch, row, toRow, column, toColumn);
            epilogue(buffers, batch, row, toRow, column, toColumn);
          }
        }
      }
    };
  }
  return (buffers) => {
    const arrayA = buffers[a.input]!;
    const arrayB = buffers[b.input]!;
    for (let batch = 0; batch < batches; batch++) {
      const originA = a.offset + batchOffset(batch, shape, a.batch);
      const originB = b.offset + batchOffset(batch, shape, b.batch);
      for (let column = 0; column < n; column += blockColumns) {
        const toColumn = Math.min(n, column + blockColumns);
        const panelB = scratch.panelB(Math.ceil((toColumn - column) / tileColumns) * tileColumns * k);
        pack(arrayB, originB + column * b.column, b.column, b.row, toColumn - column, k, tileColumns, panelB);
        for (let row = 0; row < m; row += blockRows) {
          const toRow = Math.min(m, row + blockRows);
          const panelA = scratch.panelA(Math.ceil((toRow - row) / tileRows) * tileRows * k);
          pack(arrayA, originA + row * a.row, a.row, a.column, toRow - row, k, tileRows, panelA);
          for (let i = 0; i < toRow - row; i += tileRows) {
            for (let j = 0; j < toColumn - column; j += tileColumns) {
              multiplyTile(panelA, i * k, panelB, j * k, k, block, i * blockColumns + j, blockColumns);
            }
          }
          epilogue(buffers, batch, row, toRow, column, toColumn);
        }
      }
    }
  };
}

/** Where matrix number `batch` begins. */
function batchOffset(batch: number, shape: readonly number[], strides: readonly number[]): number {
  let offset = 0;
  for (let axis = strides.length - 1; axis >= 0; axis--) {
    offset += (batch % shape[axis]!) * strides[axis]!;
    batch = Math.floor(batch / shape[axis]!);
  }
  return offset;
}
