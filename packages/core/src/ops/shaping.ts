import { IndexError, OptionError, ShapeError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, normalizeAxes, normalizeAxis, sameShape, sizeOf, type Shape } from "../shape.ts";
import { commonDtype } from "./broadcast.ts";
import { positions } from "./reductions.ts";

const zeros = (shape: Shape): number[] => shape.map(() => 0);
const ones = (shape: Shape): number[] => shape.map(() => 1);

/** The same elements in row-major order under another shape; one size may be −1, to be worked out. */
export function reshape(x: Node, shape: Shape): Node {
  const open = shape.indexOf(-1);
  const valid = shape.every((size, i) => Number.isInteger(size) && (size >= 0 || i === open));
  if (!valid)
    throw new ShapeError(
      `reshape: sizes are whole numbers ≥ 0 and at most one −1, not ${formatShape(shape)}`,
    );
  if (open < 0) return g.reshape(x, shape);
  const rest = sizeOf(shape.filter((_, i) => i !== open));
  const size = sizeOf(x.shape);
  if (rest === 0 || size % rest !== 0) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} has ${size} elements, which no size in place of −1 makes of ${formatShape(shape)}`,
    );
  }
  return g.reshape(
    x,
    shape.map((n, i) => (i === open ? size / rest : n)),
  );
}

export function flatten(x: Node, start = 0, end = -1): Node {
  if (x.shape.length === 0) return g.reshape(x, [1]);
  const from = normalizeAxis("flatten", start, x.shape.length);
  const to = normalizeAxis("flatten", end, x.shape.length);
  if (from > to) throw new ShapeError(`flatten: start axis ${start} comes after end axis ${end}`);
  return g.reshape(x, [
    ...x.shape.slice(0, from),
    sizeOf(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ]);
}

/** Without the axes of size 1, or without one such axis. */
export function squeeze(x: Node, axis?: number): Node {
  if (axis === undefined)
    return g.reshape(
      x,
      x.shape.filter((size) => size !== 1),
    );
  const at = normalizeAxis("squeeze", axis, x.shape.length);
  if (x.shape[at] !== 1)
    throw new ShapeError(`squeeze: axis ${axis} of ${formatShape(x.shape)} has size ${x.shape[at]}, not 1`);
  return g.reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  );
}

export function expandDims(x: Node, axis: number): Node {
  const at = normalizeAxis("expandDims", axis, x.shape.length + 1);
  return g.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

export function permute(x: Node, order: readonly number[]): Node {
  if (order.length !== x.shape.length) {
    throw new ShapeError(
      `permute: ${formatShape(x.shape)} has ${x.shape.length} axes, and ${order.length} are listed`,
    );
  }
  normalizeAxes("permute", order, x.shape.length);
  return g.permute(
    x,
    order.map((axis) => normalizeAxis("permute", axis, x.shape.length)),
  );
}

export function transpose(x: Node, axisA = -2, axisB = -1): Node {
  const a = normalizeAxis("transpose", axisA, x.shape.length);
  const b = normalizeAxis("transpose", axisB, x.shape.length);
  return g.permute(
    x,
    [...x.shape.keys()].map((axis) => (axis === a ? b : axis === b ? a : axis)),
  );
}

/** What to take along one axis: all (null), one index (the axis goes), or [start, stop, step] as in Python. */
export type SliceSpec = null | number | readonly [start: number | null, stop: number | null, step?: number];

interface Cut {
  readonly start: number;
  readonly size: number;
  readonly step: number;
}

/** Python's rule for start, stop and step along an axis of `n`. */
function cutOf(spec: SliceSpec, n: number, axis: number): Cut {
  if (spec === null) return { start: 0, size: n, step: 1 };
  if (typeof spec === "number") {
    if (!Number.isInteger(spec) || spec < -n || spec >= n) {
      throw new IndexError(`slice: index ${spec} is outside axis ${axis} of size ${n}; use ${-n} … ${n - 1}`);
    }
    return { start: spec < 0 ? spec + n : spec, size: 1, step: 1 };
  }
  const [start, stop, step = 1] = spec;
  if (!Number.isInteger(step) || step === 0)
    throw new OptionError(`slice: a step is a whole number other than 0, not ${step}`);
  for (const bound of [start, stop]) {
    if (bound !== null && !Number.isInteger(bound))
      throw new OptionError(`slice: bounds are whole numbers or null, not ${bound}`);
  }
  const lowest = step > 0 ? 0 : -1;
  const highest = step > 0 ? n : n - 1;
  const clamp = (bound: number): number => Math.min(highest, Math.max(lowest, bound < 0 ? bound + n : bound));
  const from = start === null ? (step > 0 ? 0 : n - 1) : clamp(start);
  const to = stop === null ? (step > 0 ? n : -1) : clamp(stop);
  return { start: from, size: Math.max(0, Math.ceil((to - from) / step)), step };
}

/** Elements picked along the leading axes; negative indices count from the end, negative steps walk backwards. */
export function slice(x: Node, specs: readonly SliceSpec[]): Node {
  if (specs.length > x.shape.length) {
    throw new ShapeError(
      `slice: ${specs.length} axes are cut, and ${formatShape(x.shape)} has ${x.shape.length}`,
    );
  }
  const cuts = x.shape.map((n, axis) => cutOf(specs[axis] ?? null, n, axis));
  const sizes = cuts.map(({ size }) => size);
  const kept = sizes.filter((_, axis) => typeof specs[axis] !== "number");
  if (sizeOf(sizes) === 0) return g.constant(0, kept, x.dtype);
  // A backward walk is a forward one over the same elements, then turned round.
  const starts = cuts.map(({ start, size, step }) => (step > 0 ? start : start + (size - 1) * step));
  const taken = g.slice(
    x,
    starts,
    sizes,
    cuts.map(({ step }) => Math.abs(step)),
  );
  const turned = [...cuts.keys()].filter((axis) => cuts[axis]!.step < 0);
  return g.reshape(turned.length > 0 ? g.flip(taken, turned) : taken, kept);
}

/** Axis `axis` from `start`, `size` elements. */
export function narrow(x: Node, axis: number, start: number, size: number): Node {
  return g.slice(
    x,
    zeros(x.shape).map((_, i) => (i === axis ? start : 0)),
    x.shape.map((n, i) => (i === axis ? size : n)),
    ones(x.shape),
  );
}

/** `value` around each axis, [before, after] times. */
export function pad(x: Node, padding: readonly (readonly [number, number])[], value = 0): Node {
  const listed =
    padding.length === x.shape.length && padding.flat().every((n) => Number.isInteger(n) && n >= 0);
  if (!listed) {
    throw new ShapeError(
      `pad: give [before, after] ≥ 0 for each of the ${x.shape.length} axes of ${formatShape(x.shape)}, ` +
        `not ${JSON.stringify(padding)}`,
    );
  }
  const padded = g.pad(x, padding);
  if (value === 0 || padded === x) return padded;
  const inside = g.pad(g.constant(1, x.shape, "bool"), padding);
  return g.where(inside, padded, g.constant(value, padded.shape, x.dtype));
}

export function flip(x: Node, axes?: number | readonly number[]): Node {
  return g.flip(x, normalizeAxes("flip", axes, x.shape.length));
}

/** The whole tensor repeated along each axis, as NumPy's tile. */
export function tile(x: Node, repetitions: readonly number[]): Node {
  if (repetitions.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new OptionError(`tile: repetitions are whole numbers ≥ 0, not ${formatShape(repetitions)}`);
  }
  const rank = Math.max(x.shape.length, repetitions.length);
  const shape = [...Array.from({ length: rank - x.shape.length }, () => 1), ...x.shape];
  const times = [...Array.from({ length: rank - repetitions.length }, () => 1), ...repetitions];
  const spread = g.expand(
    g.reshape(
      x,
      shape.flatMap((size) => [1, size]),
    ),
    shape.flatMap((size, axis) => [times[axis]!, size]),
  );
  return g.reshape(
    spread,
    shape.map((size, axis) => size * times[axis]!),
  );
}

/** Each element along an axis `times` times in a row. */
export function repeat(x: Node, times: number, axis: number): Node {
  const at = normalizeAxis("repeat", axis, x.shape.length);
  if (!Number.isInteger(times) || times < 0)
    throw new OptionError(`repeat: times is a whole number ≥ 0, not ${times}`);
  const head = x.shape.slice(0, at + 1);
  const tail = x.shape.slice(at + 1);
  const spread = g.expand(g.reshape(x, [...head, 1, ...tail]), [...head, times, ...tail]);
  return g.reshape(spread, [...x.shape.slice(0, at), x.shape[at]! * times, ...tail]);
}

function checkJoined(operation: string, inputs: readonly Node[]): void {
  if (inputs.length === 0) throw new OptionError(`${operation}: give at least one tensor`);
}

/** Tensors one after another along an axis; the other axes agree. */
export function concat(inputs: readonly Node[], axis = 0): Node {
  checkJoined("concat", inputs);
  const [first] = inputs as [Node];
  const rank = first.shape.length;
  const at = normalizeAxis("concat", axis, rank);
  const dtype = commonDtype(inputs);
  for (const input of inputs) {
    if (input.shape.length !== rank || input.shape.some((size, i) => i !== at && size !== first.shape[i])) {
      throw new ShapeError(
        `concat: ${formatShape(first.shape)} and ${formatShape(input.shape)} differ on an axis other than ${at}`,
      );
    }
  }
  const parts = inputs.filter((input) => input.shape[at] !== 0).map((input) => g.cast(input, dtype));
  return parts.length > 0 ? g.concat(parts, at) : g.cast(first, dtype);
}

/** Tensors of one shape along a new axis. */
export function stack(inputs: readonly Node[], axis = 0): Node {
  checkJoined("stack", inputs);
  const { shape } = inputs[0]!;
  const other = inputs.find((input) => !sameShape(input.shape, shape));
  if (other !== undefined) {
    throw new ShapeError(
      `stack: tensors of one shape, not ${formatShape(shape)} and ${formatShape(other.shape)}`,
    );
  }
  return concat(
    inputs.map((input) => expandDims(input, axis)),
    axis < 0 ? axis + inputs[0]!.shape.length + 1 : axis,
  );
}

/** Parts along an axis: of one size (the last may be smaller), or of the sizes listed. */
export function split(x: Node, sizes: number | readonly number[], axis = 0): Node[] {
  const at = normalizeAxis("split", axis, x.shape.length);
  const n = x.shape[at]!;
  if (typeof sizes === "number" && (!Number.isInteger(sizes) || sizes < 1)) {
    throw new OptionError(`split: a size is a whole number ≥ 1, not ${sizes}`);
  }
  const parts =
    typeof sizes === "number"
      ? Array.from({ length: Math.max(1, Math.ceil(n / sizes)) }, (_, i) => Math.min(sizes, n - i * sizes))
      : sizes;
  if (parts.reduce((sum, size) => sum + size, 0) !== n || parts.some((size) => size < 0)) {
    throw new ShapeError(`split: sizes ${formatShape(parts)} do not add up to ${n}, the size of axis ${at}`);
  }
  let start = 0;
  return parts.map((size) => {
    const part = narrow(x, at, start, size);
    start += size;
    return part;
  });
}

/** The tensors along an axis, without it. */
export function unstack(x: Node, axis = 0): Node[] {
  const at = normalizeAxis("unstack", axis, x.shape.length);
  return Array.from({ length: x.shape[at]! }, (_, i) => squeeze(narrow(x, at, i, 1), at));
}

/** Zeros above diagonal `k`. */
export const tril = (x: Node, k = 0): Node =>
  triangle("tril", x, (row, column) => g.not(g.lt(g.add(row, g.constantLike(row, k)), column)));

/** Zeros below diagonal `k`. */
export const triu = (x: Node, k = 0): Node =>
  triangle("triu", x, (row, column) => g.not(g.lt(column, g.add(row, g.constantLike(row, k)))));

function triangle(operation: string, x: Node, keep: (row: Node, column: Node) => Node): Node {
  const rank = x.shape.length;
  if (rank < 2)
    throw new ShapeError(`${operation}: takes matrices, and ${formatShape(x.shape)} has fewer than 2 axes`);
  return g.where(keep(positions(x.shape, rank - 2), positions(x.shape, rank - 1)), x, g.constantLike(x, 0));
}
