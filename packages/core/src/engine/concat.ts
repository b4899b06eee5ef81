import type { Leaf } from "./term.ts";
import { movement, Value } from "./value.ts";
import { View } from "./view.ts";

/*
 * Joined values have no kernel of their own: whoever computes a part writes it where it belongs. What cannot be written
 * there, because it exists already or belongs elsewhere, is copied.
 */

/** The value whose elements a part has in their order, under reshapes. */
export function computedIn(part: Value): Value {
  let value = part;
  while (!value.stored && value.op === "reshape") value = value.inputs[0]!;
  return value;
}

const mayMove = (value: Value): boolean =>
  !value.isLeaf &&
  !value.isRoot &&
  !value.needsOwnBuffer &&
  value.home === null &&
  !movement.has(value.op) &&
  !["const", "iota", "scatterAdd"].includes(value.op) &&
  value.users.every(({ op }) => op !== "randomBits");

/** Columns of a joined value, in the buffer where it lies. */
const columns = ({ home, shape }: Value, start: number, size: number): View =>
  (home?.view ?? View.contiguous(shape)).slice([0, start], [shape[0]!, size], [1, 1]);

/** The stretch of another joined value that these parts are already; null where there is none. */
function stretchOf({ inputs: parts, shape }: Value): Leaf | null {
  const homes = parts.map((part) => computedIn(part).home);
  const of = homes[0]?.of;
  if (of === undefined || of.home !== null || of.shape[0] !== 1) return null;
  const start = homes[0]!.view.offset;
  let at = start;
  for (const [i, home] of homes.entries()) {
    if (home?.of !== of || home.view.offset !== at) return null;
    at += parts[i]!.size;
  }
  return { kind: "load", dtype: of.dtype, source: of, view: columns(of, start, shape[1]!) };
}

/** Finds a home for each part, or for a copy of it, which is put into `values` before what it is part of. */
function settle(joined: Value, values: Value[]): void {
  let start = 0;
  joined.inputs = joined.inputs.map((part) => {
    const place = columns(joined, start, part.shape[1]!);
    start += part.shape[1]!;
    const value = computedIn(part);
    const view = mayMove(value) ? place.reshape(value.shape) : null;
    if (view !== null) {
      value.stored = true;
      value.home = { of: joined, view };
      return part;
    }
    const { shape, dtype } = part;
    const copy = new Value({ op: "stopGradient", attributes: null, shape, dtype }, [part]);
    copy.users.push(joined);
    copy.stored = true;
    copy.home = { of: joined, view: place };
    values.splice(values.indexOf(joined), 0, copy);
    return copy;
  });
}

/**
 * Gives all parts of joined values their homes, the largest first: smaller ones are often a part or a stretch of those.
 * To be called again once values were found to need buffers of their own.
 */
export function settleParts(values: Value[]): void {
  const joined = values
    .filter(({ op, isLeaf }) => op === "concat" && !isLeaf)
    .sort((x, y) => y.size - x.size);
  for (const value of joined) {
    if (value.stored && value.definition !== null) value.needsOwnBuffer = true;
    for (const part of value.inputs) computedIn(part).home = null;
  }
  for (const value of joined) {
    const isFree = !value.isRoot && !value.needsOwnBuffer && value.home === null;
    value.definition = isFree ? stretchOf(value) : null;
    value.stored = value.definition === null;
    if (value.stored) settle(value, values);
  }
}

/** The kernels' values that a value is stored by: itself, or its parts. */
export function writtenFor(value: Value): Value[] {
  return value.op === "concat" ? value.inputs.flatMap((part) => writtenFor(computedIn(part))) : [value];
}

/** Whether a value is a part, or a part of a part, of one of `wholes`. */
export function isPartOf(value: Value, wholes: ReadonlySet<Value>): boolean {
  const whole = value.home?.of;
  return whole !== undefined && (wholes.has(whole) || isPartOf(whole, wholes));
}

/** The same in primitives that every backend has: each part padded to the whole, and the first that is not padding. */
export function spellOut({ inputs, shape, dtype }: Value): Value[] {
  const made: Value[] = [];
  let end = shape[1]!;
  let whole: Value | null = null;
  for (const part of inputs.toReversed()) {
    const start = end - part.shape[1]!;
    const attributes = [
      [0, 0],
      [start, shape[1]! - end],
    ] as const;
    end = start;
    const padded = new Value({ op: "pad", attributes, shape, dtype }, [part]);
    made.push(padded);
    if (whole === null) {
      whole = padded;
      continue;
    }
    const one = new Value({ op: "const", attributes: 1, shape: part.shape, dtype: "bool" }, []);
    const inside = new Value({ op: "pad", attributes, shape, dtype: "bool" }, [one]);
    whole = new Value({ op: "where", attributes: null, shape, dtype }, [inside, padded, whole]);
    made.push(one, inside, whole);
  }
  return made;
}
