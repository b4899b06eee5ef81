import { pairwise } from "@chainrule/core";
import type { Evaluation } from "./evaluation.ts";
import { inParts, loopLanes, type Fold } from "./fold.ts";
import { maxUnrolled, nest } from "./nest.ts";

/** Folds for one output at a time, several lanes side by side along the last reduced axis. */
export function foldAlong<E>(fold: Fold<E>, along: number | undefined): void {
  const { emitter, value, sizes, outer, folded, epilogue, operation, identity, isLong } = fold;
  const values = fold.evaluate([...outer, ...folded]);
  const begin = (): E[] => values.map(() => emitter.variable(identity));
  const add = (totals: readonly E[], active: readonly Evaluation<E>[]): void => {
    active.forEach((evaluation, lane) => {
      evaluation.flush();
      emitter.assign(totals[lane]!, emitter.apply(operation, totals[lane]!, evaluation.value(value)));
    });
  };
  const combine = (totals: readonly E[]): E => pairwise(totals, (x, y) => emitter.apply(operation, x, y));
  nest(emitter, [...values, epilogue], outer, sizes, {}, () => {
    const totals = isLong ? [emitter.variable(identity)] : begin();
    if (along === undefined) {
      add(totals, values);
    } else {
      nest(emitter, values, folded.slice(0, -1), sizes, { inside: sizes[along]! }, () => {
        for (const evaluation of values) evaluation.flush();
        inParts(fold, sizes[along]!, values[0]!.parts(along), (range, offset) => {
          const sums = isLong ? begin() : totals;
          loopLanes(fold, values, along, range, offset, maxUnrolled, (active) => add(sums, active));
          if (isLong) emitter.assign(totals[0]!, emitter.apply(operation, totals[0]!, combine(sums)));
        });
      });
    }
    fold.store(combine(totals));
  });
}
