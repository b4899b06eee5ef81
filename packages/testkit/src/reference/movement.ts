import { at, type Dense, fromFront, generate } from "./dense.ts";

/** Axes in another order. */
export function permute(x: Dense, axes: readonly number[]): Dense {
  const order = axes.map((axis) => fromFront(axis, x.shape.length));
  return generate(
    order.map((axis) => x.shape[axis]!),
    (position) =>
      at(
        x,
        x.shape.map((_, axis) => position[order.indexOf(axis)]!),
      ),
  );
}

/** Two axes exchanged. */
export function transpose(x: Dense, axisA = -2, axisB = -1): Dense {
  const axes = x.shape.map((_, axis) => axis);
  const a = fromFront(axisA, axes.length);
  const b = fromFront(axisB, axes.length);
  return permute(x, axes.with(a, b).with(b, a));
}

/** The same elements in another shape. */
export const reshape = (x: Dense, shape: readonly number[]): Dense => ({ shape: [...shape], data: x.data });

/** An axis backwards. */
export function flip(x: Dense, axis: number): Dense {
  const front = fromFront(axis, x.shape.length);
  return generate(x.shape, (position) => at(x, position.with(front, x.shape[front]! - 1 - position[front]!)));
}

/** One entry a leading axis: null for all of it, an index that drops it, or [start, stop, step]. */
export type SliceSpec = null | number | readonly [start: number | null, stop: number | null, step?: number];

/** Python's slices. */
export function slice(x: Dense, specs: readonly SliceSpec[]): Dense {
  const picked = x.shape.map((size, axis) => indicesOf(specs[axis] ?? null, size));
  const dropped = x.shape.map((_, axis) => typeof specs[axis] === "number");
  const kept = picked.map((indices) => indices.length);
  const full = generate(kept, (position) =>
    at(
      x,
      position.map((p, axis) => picked[axis]![p]!),
    ),
  );
  return { shape: kept.filter((_, axis) => !dropped[axis]), data: full.data };
}

function indicesOf(spec: SliceSpec, size: number): number[] {
  if (spec === null) return Array.from({ length: size }, (_, i) => i);
  if (typeof spec === "number") return [spec < 0 ? spec + size : spec];
  const [start, stop, step = 1] = spec;
  const indices: number[] = [];
  const within = (i: number): number => (i < 0 ? i + size : i);
  if (step > 0) {
    const end = Math.min(size, stop === null ? size : within(stop));
    for (let i = Math.max(0, within(start ?? 0)); i < end; i += step) indices.push(i);
  } else {
    const end = stop === null ? -1 : Math.max(-1, within(stop));
    for (let i = Math.min(size - 1, within(start ?? size - 1)); i > end; i += step) indices.push(i);
  }
  return indices;
}

/** A margin around the elements. */
export function pad(x: Dense, margins: readonly (readonly [number, number])[], value = 0): Dense {
  return generate(
    x.shape.map((n, axis) => n + margins[axis]![0] + margins[axis]![1]),
    (position) => {
      const inner = position.map((p, axis) => p - margins[axis]![0]);
      const inside = inner.every((p, axis) => p >= 0 && p < x.shape[axis]!);
      return inside ? at(x, inner) : value;
    },
  );
}

/** Arrays one after another along an axis. */
export function concat(parts: readonly Dense[], axis: number): Dense {
  const front = fromFront(axis, parts[0]!.shape.length);
  const sizes = parts.map((p) => p.shape[front]!);
  const total = sizes.reduce((a, b) => a + b, 0);
  return generate(parts[0]!.shape.with(front, total), (position) => {
    let index = position[front]!;
    let part = 0;
    while (index >= sizes[part]!) index -= sizes[part++]!;
    return at(parts[part]!, position.with(front, index));
  });
}

/** The whole array repeated `reps` times along each axis, as NumPy's tile. */
export function tile(x: Dense, reps: readonly number[]): Dense {
  const rank = Math.max(reps.length, x.shape.length);
  const lead = <T>(list: readonly T[], filler: T): T[] => [
    ...Array.from({ length: rank - list.length }, () => filler),
    ...list,
  ];
  const base = reshape(x, lead(x.shape, 1));
  const times = lead(reps, 1);
  return generate(
    base.shape.map((n, axis) => n * times[axis]!),
    (position) =>
      at(
        base,
        position.map((p, axis) => p % base.shape[axis]!),
      ),
  );
}
