import { partsOfAxis, type Range, type Shape } from "@chainrule/core";
import { width } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Int, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

/** An index: what varies, plus what is known now. */
export interface Index {
  readonly base: Local | null;
  readonly constant: number;
}

/** Something that follows the loops as they are entered and left. */
export interface Walker {
  /** Inside a loop over `axis` now, at `index` in `range`; `lanes` neighbours at once where it is the vector's axis. */
  enter(axis: number, index: Index, range: Range, lanes?: number): void;
  leave(): void;
  /** Computes what is known inside the loops entered so far. */
  flush(): void;
  /** Where on an axis masks change. */
  cuts(axis: number): readonly number[];
}

/** Walkers that take each step together. */
export class Party<W extends Walker> implements Walker {
  readonly members: readonly W[];

  constructor(members: readonly W[]) {
    this.members = members;
  }

  enter(axis: number, index: Index, range: Range, lanes?: number): void {
    for (const member of this.members) member.enter(axis, index, range, lanes);
  }

  leave(): void {
    for (const member of this.members) member.leave();
  }

  flush(): void {
    for (const member of this.members) member.flush();
  }

  cuts(axis: number): readonly number[] {
    return this.members.flatMap((member) => member.cuts(axis));
  }
}

/** What of `size` a thread takes: all of it, or a range known when it runs. */
export interface Share {
  readonly low: Int;
  readonly high: Int;
}

/** `body` inside loops over `axes`, outermost first; `share` is of the first of them, or for `body` where there is none. */
export function nest(
  target: Target,
  walkers: readonly Walker[],
  axes: readonly number[],
  sizes: Shape,
  share: Share | null,
  body: (share: Share | null) => void,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) return body(share);
  const size = sizes[axis]!;
  for (const walker of walkers) walker.flush();
  target.f.loop(share?.low ?? 0, share?.high ?? size, 1, (base) => {
    for (const walker of walkers) walker.enter(axis, { base, constant: 0 }, [0, size]);
    nest(target, walkers, inner, sizes, null, body);
    for (const walker of walkers) walker.leave();
  });
}

/**
 * `body` for the indices of the vector's axis, four at a time and the rest at once; entered in `walkers`, of which
 * each takes its own four where there are several. Masks change only between the loops that this makes.
 */
export function loopLanes<W extends Walker>(
  { f }: Target,
  walkers: readonly W[],
  axis: number,
  size: number,
  share: Share | null,
  body: (active: readonly W[]) => void,
): void {
  const enter = (
    active: readonly W[],
    base: Local | null,
    first: number,
    range: Range,
    lanes: number,
  ): void => {
    active.forEach((walker, i) => walker.enter(axis, { base, constant: first + i * width }, range, lanes));
    body(active);
    for (const walker of active) walker.leave();
  };
  for (const walker of walkers) walker.flush();
  const cuts = walkers.flatMap((walker) => walker.cuts(axis));
  const parts = partsOfAxis(size, cuts);
  if (parts === null || (share !== null && parts.length > 1)) {
    // One at a time each is inside its masks or not.
    f.loop(share?.low ?? 0, share?.high ?? size, 1, (i) => enter(walkers.slice(0, 1), i, 0, [0, size], 1));
    return;
  }
  for (const range of parts) {
    const [low, high] = range;
    const end = share?.high ?? high;
    let from: Int = share?.low ?? low;
    for (const active of walkers.length > 1 ? [walkers, walkers.slice(0, 1)] : [walkers]) {
      const step = active.length * width;
      const to: Int =
        typeof from === "number" && typeof end === "number"
          ? end - ((end - from) % step)
          : f.i(op.sub, end, f.i(op.and, f.sub(end, from), step - 1));
      if (typeof from === "number" && typeof to === "number" && to - from === step) {
        const first = from;
        f.scope(() => enter(active, null, first, range, width));
      } else f.loop(from, to, step, (i) => enter(active, i, 0, range, width));
      from = to;
    }
    const count = (high - low) % width;
    if (count === 0) continue;
    const rest = (): void => f.scope(() => enter(walkers.slice(0, 1), null, high - count, range, count));
    if (share === null) rest();
    else {
      f.push(share.high, high);
      f.raw(op.eq);
      f.when(rest);
    }
  }
}
