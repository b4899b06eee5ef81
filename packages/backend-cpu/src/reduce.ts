import type { Expression, Range, ReduceKernel } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { Evaluation, type Place } from "./evaluation.ts";
import { contiguousMap, loopAxes, loopRange, nest, storeOutputs } from "./nest.ts";
import { foldIdentity, foldOperation, foldResult, position } from "./scalar.ts";

/** Elements of the row in which an outer axis is folded: small enough to stay in the first-level cache. */
export const rowLength = 2048;

/** Independent accumulators of a fold along memory, and rows that are folded at a time across it. */
const lanes = 4;

/** Sums of float64 longer than this go through partial sums, so that errors grow with the root of the length. */
const longSum = 512;

/** Whether computing `value` costs so little that the accumulators would be what a loop waits for. */
function isCheap(value: Expression): boolean {
  let nodes = 0;
  const visit = (node: Expression): boolean => {
    if (++nodes > 12) return false;
    switch (node.kind) {
      case "unary":
        return (node.op === "neg" || node.op === "sqrt" || node.op === "floor") && visit(node.x);
      case "cast":
        return visit(node.x);
      case "binary":
        return node.op !== "pow" && node.op !== "mod" && visit(node.x) && visit(node.y);
      case "where":
        return visit(node.condition) && visit(node.x) && visit(node.y);
      default:
        return node.kind !== "random";
    }
  };
  return visit(value);
}

/** A measure of the memory traffic when `value` is computed along `axis`. */
function trafficAlong(value: Expression, axis: number): number {
  const seen = new Set<Expression>();
  const visit = (node: Expression): number => {
    if (seen.has(node)) return 0;
    seen.add(node);
    if (node.kind === "load") {
      const stride = Math.abs(node.map.strides[axis]!);
      return stride > 1 ? 4 : stride;
    }
    if (node.kind === "unary" || node.kind === "cast") return visit(node.x);
    if (node.kind === "binary") return visit(node.x) + visit(node.y);
    return node.kind === "where" ? visit(node.condition) + visit(node.x) + visit(node.y) : 0;
  };
  return visit(value);
}

/**
 * `range` of `axis` in steps of as many indices as there are evaluations, then one at a time. Each evaluation is
 * entered at its own index of a step.
 */
function loopLanes<E>(
  emitter: Emitter<E>,
  evaluations: readonly Evaluation<E>[],
  axis: number,
  [low, high]: Range,
  offset: E | null,
  body: (active: readonly Evaluation<E>[]) => void,
): void {
  const run = (from: number, to: number, active: readonly Evaluation<E>[]): void => {
    const step = active.length;
    const at = (i: E | null, constant: number): void => {
      active.forEach((evaluation, lane) => {
        const index: Place<E> = { base: i, constant: constant + lane };
        evaluation.enter(axis, index, offset === null ? [low, high] : [0, Infinity]);
      });
      body(active);
      for (const evaluation of active) evaluation.leave();
    };
    if (to <= from) return;
    if (to - from === step) return at(offset, from);
    emitter.loop(emitter.literal(from), emitter.literal(to), step, (i) =>
      at(offset === null ? i : emitter.bind(emitter.apply(position.add, offset, i)), 0),
    );
  };
  const full = high - ((high - low) % evaluations.length);
  run(low, full, evaluations);
  run(full, high, evaluations.slice(0, 1));
}

/** A fold into one value or one row, in partial folds where the axis is long: `fold` runs for each part. */
function inParts<E>(
  emitter: Emitter<E>,
  size: number,
  ranges: readonly Range[],
  isLong: boolean,
  fold: (range: Range, offset: E | null) => void,
): void {
  if (!isLong) {
    for (const range of ranges) fold(range, null);
    return;
  }
  const part = Math.ceil(Math.sqrt(size) / lanes) * lanes;
  const full = size - (size % part);
  emitter.loop(emitter.literal(0), emitter.literal(full), part, (offset) => fold([0, part], offset));
  if (full < size) fold([full, size], null);
}

/** Folds `value` over the `reduced` axes, along memory or across it, whichever reads `value` in order. */
export function lowerReduce<E>(emitter: Emitter<E>, kernel: ReduceKernel): void {
  const { shape, outputs, value, op } = kernel;
  const { dtype } = value;
  const sizes = [...shape, ...kernel.reduced];
  const stored = contiguousMap(shape);
  const outer = loopAxes(shape);
  const folded = loopAxes(sizes).filter((axis) => axis >= shape.length);
  const along = folded.at(-1);
  const across = outer.at(-1);
  const operation = foldOperation(op, dtype);
  const identity = dtype === "bool" ? emitter.truth(op === "prod") : emitter.literal(foldIdentity(op, dtype));
  const epilogue = new Evaluation(emitter, outputs, [stored], shape, outer);
  const evaluations = (order: readonly number[]): Evaluation<E>[] =>
    Array.from(
      {
        length:
          along !== undefined && sizes[along]! >= 2 * lanes && isCheap(value) && dtype !== "bool" ? lanes : 1,
      },
      () => new Evaluation(emitter, [value], [], sizes, order),
    );
  const isLong = along !== undefined && dtype === "float64" && op === "sum" && sizes[along]! > longSum;
  const store = (folded: E): void => {
    epilogue.result = emitter.bind(emitter.apply(foldResult(dtype), folded));
    storeOutputs(emitter, epilogue, outputs, stored, kernel.inputs.length);
  };

  const acrossMemory =
    along !== undefined &&
    across !== undefined &&
    dtype !== "bool" &&
    sizes[across]! >= 4 &&
    trafficAlong(value, across) + 1 < trafficAlong(value, along);

  if (!acrossMemory) {
    const values = evaluations([...outer, ...folded]);
    nest(emitter, [...values, epilogue], outer, shape, false, () => {
      const totals = isLong ? [emitter.variable(identity)] : values.map(() => emitter.variable(identity));
      const add = (sums: readonly E[], active: readonly Evaluation<E>[]): void => {
        for (const evaluation of active) evaluation.flush();
        active.forEach((evaluation, lane) => {
          emitter.assign(sums[lane]!, emitter.apply(operation, sums[lane]!, evaluation.value(value)));
        });
      };
      const combine = (sums: readonly E[]): E =>
        sums.length === 1
          ? sums[0]!
          : emitter.apply(
              operation,
              emitter.apply(operation, sums[0]!, sums[1]),
              emitter.apply(operation, sums[2]!, sums[3]),
            );
      if (along === undefined) {
        add(totals, values);
      } else {
        nest(emitter, values, folded.slice(0, -1), sizes, false, () => {
          for (const evaluation of values) evaluation.flush();
          inParts(emitter, sizes[along]!, values[0]!.parts(along), isLong, (range, offset) => {
            const sums = isLong ? values.map(() => emitter.variable(identity)) : totals;
            loopLanes(emitter, values, along, range, offset, (active) => add(sums, active));
            if (isLong) emitter.assign(totals[0]!, emitter.apply(operation, totals[0]!, combine(sums)));
          });
        });
      }
      store(isLong ? totals[0]! : combine(totals));
    });
    return;
  }

  const row = kernel.inputs.length + outputs.length;
  const partialRow = row + 1;
  const values = evaluations([...outer.slice(0, -1), ...folded, across]);
  const size = sizes[across]!;
  const columns = (
    entered: readonly Evaluation<E>[],
    first: E | null,
    end: E | null,
    body: (at: E) => void,
  ): void => {
    if (first === null || end === null) {
      const ranges = entered.length > 0 ? entered[0]!.parts(across) : [[0, size] as const];
      for (const range of ranges) {
        loopRange(emitter, entered, across, range, (index) =>
          body(index.base ?? emitter.literal(index.constant)),
        );
      }
      return;
    }
    emitter.loop(first, end, 1, (i) => {
      for (const evaluation of entered) evaluation.enter(across, { base: i, constant: 0 }, [0, size]);
      body(emitter.apply(position.subtract, i, first));
      for (const evaluation of entered) evaluation.leave();
    });
  };
  nest(emitter, [...values, epilogue], outer.slice(0, -1), shape, false, () => {
    const rows = (first: E | null, end: E | null): void => {
      columns([], first, end, (at) => emitter.store(row, at, identity));
      nest(emitter, values, folded.slice(0, -1), sizes, false, () => {
        for (const evaluation of values) evaluation.flush();
        inParts(emitter, sizes[along]!, [[0, sizes[along]!]], isLong, (range, offset) => {
          const target = isLong ? partialRow : row;
          if (isLong) columns([], first, end, (at) => emitter.store(target, at, identity));
          loopLanes(emitter, values, along, range, offset, (active) => {
            for (const evaluation of active) evaluation.flush();
            columns(active, first, end, (at) => {
              for (const evaluation of active) evaluation.flush();
              let sum = emitter.load(target, at);
              for (const evaluation of active) sum = emitter.apply(operation, sum, evaluation.value(value));
              emitter.store(target, at, sum);
            });
          });
          if (isLong) {
            columns([], first, end, (at) =>
              emitter.store(
                row,
                at,
                emitter.apply(operation, emitter.load(row, at), emitter.load(partialRow, at)),
              ),
            );
          }
        });
      });
      epilogue.flush();
      columns([epilogue], first, end, (at) => store(emitter.load(row, at)));
    };
    if (size <= rowLength) {
      rows(null, null);
    } else {
      emitter.loop(emitter.literal(0), emitter.literal(size), rowLength, (first) => {
        const end = emitter.apply(position.add, first, emitter.literal(rowLength));
        rows(first, emitter.bind(emitter.apply(position.least, end, emitter.literal(size))));
      });
    }
  });
}
