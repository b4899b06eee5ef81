import type { Expression, Range, Shape } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Operation } from "./operation.ts";

/** Independent accumulators of a fold along memory, and rows that are folded at a time across it. */
export const lanes = 4;

/** A reduction being lowered. */
export interface Fold<E> {
  readonly emitter: Emitter<E>;
  readonly value: Expression;
  /** Of the axes of the outputs and then the reduced ones. */
  readonly sizes: Shape;
  /** The axes of the outputs and the reduced axes that need loops. */
  readonly outer: readonly number[];
  readonly folded: readonly number[];
  readonly epilogue: Evaluation<E>;
  readonly operation: Operation;
  readonly identity: E;
  /** Whether partial folds are needed for accuracy. */
  readonly isLong: boolean;
  /** One evaluation of `value` for each lane, in loops of this order. */
  readonly evaluate: (order: readonly number[]) => Evaluation<E>[];
  /** Makes the outputs from a total. */
  readonly store: (total: E) => void;
}

/**
 * `range` of `axis`, shifted by `offset`, in steps of as many indices as there are evaluations, then one at a time.
 * Each evaluation is entered at its own index of a step. Up to `maxSteps` steps are written out.
 */
export function loopLanes<E>(
  { emitter, sizes }: Fold<E>,
  evaluations: readonly Evaluation<E>[],
  axis: number,
  range: Range,
  offset: E | null,
  maxSteps: number,
  body: (active: readonly Evaluation<E>[]) => void,
): void {
  const within: Range = offset === null ? range : [0, sizes[axis]!];
  const run = (from: number, to: number, active: readonly Evaluation<E>[]): void => {
    const at = (base: E | null, constant: number): void => {
      active.forEach((evaluation, lane) =>
        evaluation.enter(axis, { base, constant: constant + lane }, within),
      );
      body(active);
      for (const evaluation of active) evaluation.leave();
    };
    if ((to - from) / active.length <= maxSteps) {
      for (let i = from; i < to; i += active.length) at(offset, i);
    } else {
      emitter.loop(from, to, active.length, (i) =>
        at(offset === null ? i : emitter.bind(emitter.plus(offset, i)), 0),
      );
    }
  };
  const [low, high] = range;
  const whole = high - ((high - low) % evaluations.length);
  run(low, whole, evaluations);
  run(whole, high, evaluations.slice(0, 1));
}

/** `part` for each of `ranges`, or where the fold is long, for runs of about the root of `size` indices. */
export function inParts<E>(
  { emitter, isLong }: Fold<E>,
  size: number,
  ranges: readonly Range[],
  part: (range: Range, offset: E | null) => void,
): void {
  if (!isLong) {
    for (const range of ranges) part(range, null);
    return;
  }
  const length = Math.ceil(Math.sqrt(size) / lanes) * lanes;
  const whole = size - (size % length);
  emitter.loop(0, whole, length, (offset) => part([0, length], offset));
  if (whole < size) part([whole, size], null);
}
