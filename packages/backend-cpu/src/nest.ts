import type { Expression, IndexMap, Range, Shape } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import type { Evaluation, Place } from "./evaluation.ts";

/** Row-major order from the first element on: where the outputs of a kernel are stored. */
export function contiguousMap(shape: Shape): IndexMap {
  const strides: number[] = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return { offset: 0, strides, mask: null };
}

/** The axes that need a loop. */
export const loopAxes = (shape: Shape): number[] =>
  shape.map((_, axis) => axis).filter((axis) => shape[axis]! > 1);

/** `body` for each index of `axis` in `range`, entered in all `evaluations`. */
export function loopRange<E>(
  emitter: Emitter<E>,
  evaluations: readonly Evaluation<E>[],
  axis: number,
  range: Range,
  body: (index: Place<E>) => void,
): void {
  const [low, high] = range;
  const run = (index: Place<E>): void => {
    for (const evaluation of evaluations) evaluation.enter(axis, index, range);
    body(index);
    for (const evaluation of evaluations) evaluation.leave();
  };
  if (high - low === 1) run({ base: null, constant: low });
  else emitter.loop(low, high, 1, (i) => run({ base: i, constant: 0 }));
}

/**
 * Loops over `axes`, outermost first, computing in each what can be computed there; `body` begins with a `flush` of
 * its own. With `isSplit`, the innermost loop is cut where masks of the first evaluation change, so that nothing is
 * tested inside.
 */
export function nest<E>(
  emitter: Emitter<E>,
  evaluations: readonly Evaluation<E>[],
  axes: readonly number[],
  shape: Shape,
  isSplit: boolean,
  body: () => void,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) return body();
  for (const evaluation of evaluations) evaluation.flush();
  const ranges: readonly Range[] =
    isSplit && inner.length === 0 ? evaluations[0]!.parts(axis) : [[0, shape[axis]!]];
  for (const range of ranges) {
    loopRange(emitter, evaluations, axis, range, () =>
      nest(emitter, evaluations, inner, shape, isSplit, body),
    );
  }
}

/** Stores all outputs at the present index; every value is there before the first is stored. */
export function storeOutputs<E>(
  emitter: Emitter<E>,
  evaluation: Evaluation<E>,
  outputs: readonly Expression[],
  map: IndexMap,
  firstBuffer: number,
): void {
  evaluation.flush();
  const address = evaluation.address(map);
  const values = outputs.map((output) => {
    const value = evaluation.value(output);
    return outputs.length === 1 ? value : emitter.bind(value);
  });
  outputs.forEach(({ dtype }, i) => evaluation.store(firstBuffer + i, address, values[i]!, dtype === "bool"));
}
