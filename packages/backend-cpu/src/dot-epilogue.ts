import type { DotKernel } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { Evaluation } from "./evaluation.ts";
import { contiguousMap, storeOutputs } from "./nest.ts";
import { castOperation, position } from "./scalar.ts";

/** The outputs of a block of results that the parameters name; it lies in the first scratch buffer from `block` on. */
export function lowerEpilogue<E>(
  emitter: Emitter<E>,
  kernel: DotKernel,
  block: number,
  blockWidth: number,
): void {
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
        emitter.apply(position.subtract, fromColumn, emitter.literal(block)),
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
