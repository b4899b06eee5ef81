import type { Attributes } from "../graph/node.ts";
import type { Shape } from "../shape.ts";
import { loadOf, type Leaf } from "./term.ts";
import type { Value } from "./value.ts";
import { View } from "./view.ts";

/** Steps along one axis, with a stride for each operand that walks it. */
export interface Run {
  readonly size: number;
  readonly strides: readonly number[];
}

/**
 * How a value's elements lie in a buffer where an axis may be several runs, the outermost first: what a view becomes
 * under a reshape that joins axes which do not lie one behind the other.
 */
export interface Layout {
  readonly source: Value;
  readonly offset: number;
  readonly axes: readonly (readonly Run[])[];
}

/** The operands of a product: where their batches begin, and what their rows, columns and steps run over. */
export interface Product {
  readonly a: Leaf;
  readonly b: Leaf;
  readonly m: readonly Run[];
  readonly n: readonly Run[];
  readonly k: readonly Run[];
}

const runs = (shape: Shape, strides: readonly number[]): Run[][] =>
  shape.map((size, axis) => (size === 1 ? [] : [{ size, strides: [strides[axis]!] }]));

/** The layout of a value; null where it is computed or masked. */
export function layoutOf(value: Value): Layout | null {
  const term = value.stored ? loadOf(value) : value.definition;
  if (term === null) return moveLayout(value, layoutOf(value.inputs[0]!));
  if (term.kind !== "load" || term.view.mask !== null) return null;
  const { shape, strides, offset } = term.view;
  return { source: term.source!, offset, axes: runs(shape, strides) };
}

/** The layout of a value from that of what it moves; null where there is none. */
export function moveLayout({ op, shape, attributes }: Value, from: Layout | null): Layout | null {
  if (from === null) return null;
  let axes: readonly (readonly Run[])[] | null = null;
  if (op === "permute") axes = (attributes as Attributes["permute"]).map((axis) => from.axes[axis]!);
  if (op === "reshape") axes = regroup(from.axes.flat(), shape);
  if (op === "expand") {
    const repeated = runs(
      shape,
      shape.map(() => 0),
    );
    axes = from.axes.map((axis, i) => (axis.length > 0 ? axis : repeated[i]!));
  }
  return axes && { ...from, axes };
}

/** Runs as the axes of another shape; null where a run would have to be cut unevenly. */
function regroup(from: readonly Run[], shape: Shape): Run[][] | null {
  const rest = from.toReversed();
  const axes: Run[][] = [];
  for (const size of shape) {
    const axis: Run[] = [];
    for (let missing = size; missing > 1;) {
      const run = rest.pop()!;
      const taken = Math.min(missing, run.size);
      const inner = run.size / taken;
      if (missing % taken !== 0 || run.size % taken !== 0) return null;
      axis.push({ size: taken, strides: run.strides.map((stride) => stride * inner) });
      if (inner > 1) rest.push({ size: inner, strides: run.strides });
      missing /= taken;
    }
    axes.push(axis);
  }
  return axes;
}

/** Whether a product can read it: the axes of its batch have one stride each. */
const isOperand = ({ axes }: Layout): boolean => axes.slice(0, -2).every((axis) => axis.length <= 1);

/** Whether nobody but products reads a value of that layout. */
export function isReadByProducts(value: Value, layout: Layout): boolean {
  if (value.isRoot) return false;
  return value.users.every((user) => {
    if (user.op === "dot") return isOperand(layout);
    const moved = user.stored ? null : moveLayout(user, layout);
    return moved !== null && isReadByProducts(user, moved);
  });
}

/** Two walks over as many steps, cut into runs that both take evenly; null where there are none. */
function together(x: readonly Run[], y: readonly Run[]): Run[] | null {
  const [left, right] = [[...x], [...y]];
  const both: Run[] = [];
  while (left.length > 0) {
    const [p, q] = [left.pop()!, right.pop()!];
    const size = Math.min(p.size, q.size);
    if (p.size % size > 0 || q.size % size > 0) return null;
    both.unshift({ size, strides: [...p.strides, ...q.strides] });
    for (const [rest, { size: all, strides }] of [
      [left, p],
      [right, q],
    ] as const) {
      if (all > size) rest.push({ size: all / size, strides: strides.map((stride) => stride * size) });
    }
  }
  return both;
}

/** Runs that follow each other are one. */
function merge(from: readonly Run[], operands: number): Run[] {
  const merged: Run[] = [];
  for (const run of from) {
    const outer = merged.at(-1);
    if (outer?.strides.every((stride, i) => stride === run.strides[i]! * run.size)) {
      merged[merged.length - 1] = { size: outer.size * run.size, strides: run.strides };
    } else merged.push(run);
  }
  return merged.length > 0 ? merged : [{ size: 1, strides: Array.from({ length: operands }, () => 0) }];
}

/** Stores a value, or what lies under it where that alone has a term. */
function store(value: Value): void {
  let base = value;
  while (!base.stored && base.definition === null) base = base.inputs[0]!;
  base.stored = true;
}

/** How a product reads its operands; what it cannot read where it lies is stored. */
export function productOf(x: Value, y: Value): Product {
  const operand = (value: Value): Layout => {
    const layout = layoutOf(value);
    if (layout !== null && isOperand(layout)) return layout;
    store(value);
    return layoutOf(value)!;
  };
  const [a, b] = [operand(x), operand(y)];
  const [left, right] = [merge(a.axes.at(-1)!, 1), merge(b.axes.at(-2)!, 1)];
  const k = together(left, right);
  if (k === null) {
    store(x);
    return productOf(x, y);
  }
  const leaf = ({ source, offset, axes }: Layout): Leaf => {
    const batch = axes.slice(0, -2).map(([run]) => run);
    const view = new View(
      batch.map((run) => run?.size ?? 1),
      batch.map((run) => run?.strides[0] ?? 0),
      offset,
    );
    return { kind: "load", dtype: source.dtype, source, view };
  };
  return { a: leaf(a), b: leaf(b), m: merge(a.axes.at(-2)!, 1), n: merge(b.axes.at(-1)!, 1), k: merge(k, 2) };
}
