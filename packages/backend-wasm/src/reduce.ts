import {
  type BinaryOp,
  type Dtype,
  type Expression,
  foldIdentity,
  foldOperator,
  loopAxes,
  operandsFirst,
  operandsOf,
  pairwise,
  type ReduceKernel,
  type ReduceOp,
  trafficAlong,
} from "@chainrule/core";
import { binary, cast } from "./arithmetic.ts";
import { Evaluation } from "./evaluation.ts";
import { loopLanes, nest, Party } from "./loops.ts";
import { constant, type Lanes, partsOf, width } from "./lanes.ts";
import { costOf } from "./map.ts";
import { type Entry, inShares, type Program } from "./program.ts";
import type { Target } from "./target.ts";
import type { Local } from "./wasm/function.ts";
import { v128 } from "./wasm/types.ts";

/** Fours of elements that are folded side by side, so that no sum waits for the one before. */
const unrolled = 4;

/** Longer expressions keep the processor busy by themselves. */
const cheap = 12;

/** What a fold gathers in: float32 adds up in float64, uint8 in int32. */
const gatheredIn = (op: ReduceOp, dtype: Dtype): Dtype =>
  dtype === "float32" && op !== "max" ? "float64" : dtype === "uint8" ? "int32" : dtype;

/** Running folds, one for each four of elements that go side by side. */
class Fold {
  readonly #target: Target;
  readonly #name: BinaryOp;
  readonly #from: Dtype;
  readonly dtype: Dtype;
  readonly #identity: Lanes;

  constructor(target: Target, op: ReduceOp, dtype: Dtype) {
    this.#target = target;
    this.#name = foldOperator(op);
    this.#from = dtype;
    this.dtype = gatheredIn(op, dtype);
    this.#identity = constant(target.f, this.dtype, foldIdentity(op, dtype));
  }

  /** Fresh accumulators. */
  start(count: number): Lanes[] {
    const { f } = this.#target;
    return Array.from({ length: count }, () =>
      Array.from({ length: partsOf(this.dtype) }, (_, part) => {
        const local = f.local(v128);
        f.set(local, this.#identity[part]);
        return local;
      }),
    );
  }

  join(x: Lanes, y: Lanes): Lanes {
    return binary(this.#target, this.#name, this.dtype, x, y);
  }

  /** Folds the first `lanes` lanes of a value, as each of several evaluations has it, into an accumulator of its own. */
  add(sums: readonly Lanes[], evaluations: readonly Evaluation[], value: Expression, lanes: number): void {
    for (const evaluation of evaluations) evaluation.flush();
    evaluations.forEach((evaluation, i) => this.#add(sums[i]!, evaluation.value(value), lanes));
  }

  #add(into: Lanes, value: Lanes, lanes: number): void {
    const { f } = this.#target;
    let element = cast(this.#target, this.#from, this.dtype, value);
    if (lanes < width) {
      element = element.map((part, i) => this.#only(part, this.#identity[i]!, lanes, i));
    }
    this.join(into, element).forEach((part, i) => f.set(into[i]!, part));
  }

  /** The lanes below `lanes`, and the identity in the others. */
  #only(part: Local, identity: Local, lanes: number, number: number): Local {
    const { f } = this.#target;
    const words = this.dtype === "float64" ? Math.max(0, Math.min(2, lanes - number * 2)) * 2 : lanes;
    if (words === 4) return part;
    return f.shuffle(
      part,
      identity,
      [0, 1, 2, 3].map((word) => (word < words ? word : word + 4)),
    );
  }

  /** All lanes of all accumulators as one value in every lane. */
  total(sums: readonly Lanes[]): Lanes {
    const { f } = this.#target;
    let sum = pairwise(sums, (x, y) => this.join(x, y));
    if (sum.length === 2) {
      // The two halves of four float64 lanes, then the two lanes of what that gives.
      const [low, high] = sum as readonly [Local, Local];
      const [both] = this.join([low, low], [high, high]) as [Local];
      const swapped = f.shuffle(both, both, [1, 0]);
      return this.join([both, both], [swapped, swapped]);
    }
    for (const words of [
      [2, 3, 0, 1],
      [1, 0, 3, 2],
    ])
      sum = this.join(sum, [f.shuffle(sum[0]!, sum[0]!, words)]);
    return sum;
  }

  /** What was gathered, as a value of the kernel's dtype. */
  result(sum: Lanes): Lanes {
    return cast(this.#target, this.dtype, this.#from, sum);
  }
}

/** Folds along memory into one value at a time, or across it into several neighbours, whichever reads in order. */
export function emitReduce(program: Program, kernel: ReduceKernel): void {
  const { shape, value, outputs } = kernel;
  const sizes = [...shape, ...kernel.reduced];
  const outer = loopAxes(shape);
  const folded = loopAxes(sizes).filter((axis) => axis >= shape.length);
  const along = folded.at(-1);
  const across = outer.at(-1);
  const isAcross =
    along !== undefined &&
    across !== undefined &&
    sizes[across]! >= width &&
    (trafficAlong(value, across) < trafficAlong(value, along) || sizes[along]! < width);
  const work = sizes.reduce((product, size) => product * size, 1) * (costOf([value]) + 2) + costOf(outputs);
  const shared = program.isWorthSharing(work, sizes[outer[0] ?? -1] ?? 1);
  program.single(shared, (entry) => {
    const fold = new Fold(entry.target, kernel.op, value.dtype);
    if (isAcross) foldAcross(entry, kernel, fold, { sizes, outer, folded, shared });
    else foldAlong(entry, kernel, fold, { sizes, outer, folded, shared });
  });
}

interface Axes {
  readonly sizes: readonly number[];
  readonly outer: readonly number[];
  readonly folded: readonly number[];
  readonly shared: boolean;
}

const countFor = (value: Expression, length: number): number =>
  operandsFirst([value], operandsOf).length <= cheap && length >= 2 * unrolled * width ? unrolled : 1;

function epilogueOf(
  entry: Entry,
  kernel: ReduceKernel,
  axes: readonly number[],
  vector: number,
  result: () => Lanes,
): Evaluation {
  const evaluation = new Evaluation(
    entry.target,
    entry.buffers,
    kernel.outputs,
    { sizes: kernel.shape, axes, vector },
    result,
  );
  evaluation.addOutputs(kernel);
  return evaluation;
}

function foldAlong(
  entry: Entry,
  kernel: ReduceKernel,
  fold: Fold,
  { sizes, outer, folded, shared }: Axes,
): void {
  const { f, target, buffers } = entry;
  const { value } = kernel;
  const along = folded.at(-1) ?? -1;
  const count = along < 0 ? 1 : countFor(value, sizes[along]!);
  const order = { sizes, axes: [...outer, ...folded], vector: along };
  const values = Array.from({ length: count }, () => new Evaluation(target, buffers, [value], order));
  let total: Lanes = [];
  const epilogue = epilogueOf(entry, kernel, outer, -1, () => total);
  const body = (): void => {
    const sums = fold.start(count);
    const add = (active: readonly Evaluation[]): void => fold.add(sums, active, value, active[0]!.lanes);
    if (along < 0) add(values);
    else {
      nest(target, values, folded.slice(0, -1), sizes, null, () =>
        loopLanes(target, values, along, sizes[along]!, null, add),
      );
    }
    total = fold.result(fold.total(sums));
    epilogue.flush();
    epilogue.store();
  };
  // The epilogue's last level waits for the result.
  inShares(entry, sizes[outer[0] ?? -1] ?? 1, 1, shared, (share) =>
    nest(target, [...values, epilogue], outer, sizes, shared ? share : null, () => f.scope(body)),
  );
}

function foldAcross(
  entry: Entry,
  kernel: ReduceKernel,
  fold: Fold,
  { sizes, outer, folded, shared }: Axes,
): void {
  const { target, buffers } = entry;
  const { value } = kernel;
  const across = outer.at(-1)!;
  const count = countFor(value, sizes[across]!);
  const order = { sizes, axes: [...outer, ...folded], vector: across };
  const values = Array.from({ length: count }, () => new Evaluation(target, buffers, [value], order));
  const totals: Lanes[] = [];
  const epilogues = Array.from({ length: count }, (_, i) =>
    epilogueOf(entry, kernel, outer, across, () => totals[i]!),
  );
  const pairs = values.map((evaluation, i) => new Party([evaluation, epilogues[i]!]));
  const inside = (active: readonly Party<Evaluation>[]): void => {
    const sums = fold.start(active.length);
    const evaluations = active.map(({ members }) => members[0]!);
    nest(target, evaluations, folded, sizes, null, () => fold.add(sums, evaluations, value, width));
    active.forEach(({ members }, i) => {
      totals[i] = fold.result(sums[i]!);
      members[1]!.flush();
      members[1]!.store();
    });
  };
  const unit = outer[0] === across ? unrolled * width : 1;
  inShares(entry, sizes[outer[0]!]!, unit, shared, (share) =>
    nest(target, [...values, ...epilogues], outer.slice(0, -1), sizes, shared ? share : null, (own) =>
      loopLanes(target, pairs, across, sizes[across]!, own, inside),
    ),
  );
}
