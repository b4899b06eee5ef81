import type { Evaluation } from "./evaluation.ts";
import { inParts, loopLanes, type Fold } from "./fold.ts";
import { loopRange, nest } from "./nest.ts";

/** Outputs that are folded side by side: their totals stay in the first-level cache. */
export const rowLength = 2048;

/**
 * Folds for a row of outputs at a time, walking memory in order: the last axis of the outputs is the innermost loop,
 * and totals wait in scratch buffer `row`, partial ones in the next.
 */
export function foldAcross<E>(fold: Fold<E>, along: number, across: number, row: number): void {
  const { emitter, value, sizes, outer, folded, epilogue, operation, identity, isLong } = fold;
  const rows = outer.slice(0, -1);
  const values = fold.evaluate([...rows, ...folded, across]);
  const size = sizes[across]!;
  /** `body` for each output of the present row, or of its part from `first` to `end`. */
  const forEach = (
    evaluations: readonly Evaluation<E>[],
    part: readonly [first: E, end: E] | null,
    body: (at: E) => void,
  ): void => {
    if (part === null) {
      for (const range of evaluations[0]?.parts(across) ?? [[0, size] as const]) {
        loopRange(emitter, evaluations, across, range, ({ base, constant }) =>
          body(base ?? emitter.literal(constant)),
        );
      }
      return;
    }
    emitter.loop(part[0], part[1], 1, (i) => {
      for (const evaluation of evaluations) evaluation.enter(across, { base: i, constant: 0 }, [0, size]);
      body(emitter.minus(i, part[0]));
      for (const evaluation of evaluations) evaluation.leave();
    });
  };
  const foldPart = (part: readonly [E, E] | null): void => {
    const clear = (buffer: number): void => forEach([], part, (at) => emitter.store(buffer, at, identity));
    const target = isLong ? row + 1 : row;
    clear(row);
    nest(emitter, values, folded.slice(0, -1), sizes, {}, () => {
      for (const evaluation of values) evaluation.flush();
      inParts(fold, sizes[along]!, [[0, sizes[along]!]], (range, offset) => {
        if (isLong) clear(target);
        loopLanes(fold, values, along, range, offset, 1, (active) => {
          for (const evaluation of active) evaluation.flush();
          forEach(active, part, (at) => {
            let total = emitter.load(target, at);
            for (const evaluation of active) {
              evaluation.flush();
              total = emitter.apply(operation, total, evaluation.value(value));
            }
            emitter.store(target, at, total);
          });
        });
        if (!isLong) return;
        forEach([], part, (at) =>
          emitter.store(row, at, emitter.apply(operation, emitter.load(row, at), emitter.load(target, at))),
        );
      });
    });
    epilogue.flush();
    forEach([epilogue], part, (at) => fold.store(emitter.load(row, at)));
  };
  nest(emitter, [...values, epilogue], rows, sizes, {}, () => {
    if (size <= rowLength) return foldPart(null);
    emitter.loop(0, size, rowLength, (first) =>
      foldPart([first, emitter.bind(emitter.least(emitter.plus(first, rowLength), size))]),
    );
  });
}
