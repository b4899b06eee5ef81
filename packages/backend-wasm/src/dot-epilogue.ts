import type { DotKernel, IndexMap } from "@chainrule/core";
import { Evaluation, type Order } from "./evaluation.ts";
import { loopLanes, nest } from "./loops.ts";
import { load } from "./lanes.ts";
import type { Program } from "./program.ts";
import { Func, type Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, type ValueType } from "./wasm/types.ts";

/** Whether the outputs are the product and nothing more. */
export const isPlain = ({ outputs, targets }: DotKernel): boolean =>
  !targets && outputs.length === 1 && outputs[0]!.kind === "result";

/**
 * A function (bindings, results, row, toRow, column, toColumn, …batch) that computes the outputs for a block of
 * results whose rows are `rowBytes` apart. Where the kernel has one column, that is the row.
 */
export function emitEpilogue(program: Program, kernel: DotKernel, rowBytes: number): Func {
  const { shape, outputs, inputs, dtype } = kernel;
  const rank = shape.length;
  const size = dtype === "float64" ? 8 : 4;
  const f = program.module.add(
    new Func([i32, i32, i32, i32, i32, i32, ...shape.slice(0, -2).map((): ValueType => i32)]),
  );
  const target = program.target(f);
  const [bindings, results, row, toRow, column, toColumn, ...batch] = f.args;
  const buffers = [...inputs, ...outputs].map((_, i) => f.load(op.load, bindings, i * 4));
  const [rowAxis, columnAxis] = shape[rank - 1] === 1 ? [rank - 1, rank - 2] : [rank - 2, rank - 1];
  // The block as if it were the whole matrix.
  const skipped = f.add(f.scale(row, rowBytes), f.scale(column, size));
  buffers.push(f.sub(results, skipped) as Local);
  const strides = shape.map((_, axis) => (axis === rowAxis ? rowBytes / size : axis === columnAxis ? 1 : 0));
  const block: IndexMap = { offset: 0, strides, mask: null };
  const axes = [...shape.slice(0, -2).keys(), rowAxis, columnAxis].filter((axis) => shape[axis]! > 1);
  const order: Order = { sizes: shape, axes, vector: shape[columnAxis]! > 1 ? columnAxis : -1 };
  const source = buffers.length - 1;
  const evaluation: Evaluation = new Evaluation(target, buffers, outputs, order, (lanes) => {
    const { base, constant } = evaluation.place(block, source);
    return load(f, dtype, base, constant, 1, lanes);
  });
  evaluation.addMap(block, source, dtype, false);
  evaluation.addOutputs(kernel);
  const store = (): void => {
    evaluation.flush();
    evaluation.store();
  };
  shape.slice(0, -2).forEach((extent, axis) => {
    if (extent === 1) return;
    evaluation.flush();
    evaluation.enter(axis, { base: batch[axis]!, constant: 0 }, [0, extent]);
  });
  const rows = shape[rowAxis] === 1 ? [] : [rowAxis];
  nest(target, [evaluation], rows, shape, { low: row, high: toRow }, () => {
    if (order.vector < 0) return store();
    loopLanes(target, [evaluation], columnAxis, shape[columnAxis]!, { low: column, high: toColumn }, store);
  });
  return f;
}
