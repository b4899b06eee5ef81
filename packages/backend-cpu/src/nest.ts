import { contiguousMap, type Expression, type IndexMap, type Range, type Shape } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import type { Evaluation, Place } from "./evaluation.ts";

/** What of a kernel says what it stores where. */
export interface KernelOutputs {
  readonly inputs: readonly unknown[];
  readonly outputs: readonly Expression[];
  readonly shape: Shape;
  readonly targets?: readonly IndexMap[];
}

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

/** Loops that run no more often than this are written out. */
export const maxUnrolled = 8;

/** The indices of `range` one by one if a loop over them and all that is `inside` is short, else as they are. */
function unrolled([low, high]: Range, inside: number): readonly Range[] {
  if ((high - low) * inside > maxUnrolled) return [[low, high]];
  return Array.from({ length: high - low }, (_, i): Range => [low + i, low + i + 1]);
}

/** What `nest` may do beside looping. */
export interface NestOptions {
  /** Whether to cut the innermost loop where masks of the first evaluation change: nothing is then tested inside. */
  readonly isSplit?: boolean;
  /** How often `body` loops; by default too often for loops around it to be written out. */
  readonly inside?: number;
}

/**
 * Loops over `axes`, outermost first, computing in each what can be computed there; `body` begins with a `flush` of
 * its own.
 */
export function nest<E>(
  emitter: Emitter<E>,
  evaluations: readonly Evaluation<E>[],
  axes: readonly number[],
  shape: Shape,
  options: NestOptions,
  body: () => void,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) return body();
  for (const evaluation of evaluations) evaluation.flush();
  const { isSplit = false, inside = Infinity } = options;
  const parts: readonly Range[] =
    isSplit && inner.length === 0 ? evaluations[0]!.parts(axis) : [[0, shape[axis]!]];
  const each = inner.reduce((product, axis) => product * shape[axis]!, inside);
  for (const range of parts.flatMap((part) => unrolled(part, each))) {
    loopRange(emitter, evaluations, axis, range, () =>
      nest(emitter, evaluations, inner, shape, options, body),
    );
  }
}

/** Where each output of a kernel is stored. */
export function targetsOf({ outputs, targets, shape }: KernelOutputs): readonly IndexMap[] {
  const whole = contiguousMap(shape);
  return targets ?? outputs.map(() => whole);
}

/** Stores all outputs at the present index; every value is there before the first is stored. */
export function storeOutputs<E>(
  emitter: Emitter<E>,
  evaluation: Evaluation<E>,
  { outputs, inputs }: KernelOutputs,
  targets: readonly IndexMap[],
): void {
  evaluation.flush();
  // One address for all that are stored alike.
  const addresses = new Map(targets.map((map) => [map, evaluation.address(map)]));
  const values = outputs.map((output) => {
    const value = evaluation.value(output);
    return outputs.length === 1 ? value : emitter.bind(value);
  });
  outputs.forEach(({ dtype }, i) => {
    const address = addresses.get(targets[i]!)!;
    evaluation.store(inputs.length + i, address, values[i]!, dtype === "bool");
  });
}
