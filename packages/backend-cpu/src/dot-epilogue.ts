import type { DotKernel } from "@chainrule/core";
import { split } from "./dot-direct.ts";
import type { Emitter } from "./emitter.ts";
import { Evaluation } from "./evaluation.ts";
import { storeOutputs, targetsOf } from "./nest.ts";
import { castOperation } from "./scalar.ts";

/** The outputs of a block of results that the parameters name; it lies in the scratch buffer from `block` on. */
export function lowerEpilogue<E>(
  emitter: Emitter<E>,
  kernel: DotKernel,
  block: number,
  blockWidth: number,
): void {
  const { shape, outputs, dtype, inputs } = kernel;
  const [rowAxis, columnAxis] = [shape.length - 2, shape.length - 1];
  const targets = targetsOf(kernel);
  const order = shape.map((_, axis) => axis).filter((axis) => axis >= rowAxis || shape[axis]! > 1);
  const evaluation = new Evaluation(emitter, outputs, targets, shape, order);
  const enter = (axis: number, base: E): void => {
    evaluation.flush();
    evaluation.enter(axis, { base, constant: 0 }, [0, shape[axis]!]);
  };
  const parameter = (i: number): E => emitter.parameter(i);
  const indices = split(emitter, parameter(0), shape.slice(0, -2));
  for (const axis of order.slice(0, -2)) enter(axis, indices[axis]!);
  const [fromRow, toRow, fromColumn, toColumn] = [parameter(1), parameter(2), parameter(3), parameter(4)];
  emitter.loop(fromRow, toRow, 1, (row) => {
    enter(rowAxis, row);
    const line = emitter.times(emitter.minus(row, fromRow), blockWidth);
    const first = emitter.bind(emitter.plus(emitter.minus(line, fromColumn), block));
    emitter.loop(fromColumn, toColumn, 1, (column) => {
      enter(columnAxis, column);
      const sum = emitter.load(inputs.length + outputs.length, emitter.plus(first, column));
      evaluation.result = emitter.bind(emitter.apply(castOperation("float64", dtype), sum));
      storeOutputs(emitter, evaluation, kernel, targets);
      evaluation.leave();
    });
    evaluation.leave();
  });
}
