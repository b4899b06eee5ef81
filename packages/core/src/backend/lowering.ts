import { isFloat, type Dtype } from "../dtype.ts";
import { DtypeError, IndexError } from "../errors.ts";
import type { Range } from "../engine/view.ts";
import { contiguousStrides, type Shape } from "../shape.ts";
import type { BinaryOp, Expression, IndexMap, ReduceOp } from "./kernel.ts";

/*
 * What every backend needs to turn kernels into loops and to keep buffers.
 */

/** The operation that folds. */
export const foldOperator = (op: ReduceOp): BinaryOp =>
  op === "sum" ? "add" : op === "prod" ? "mul" : "max";

/** The fold of nothing. */
export function foldIdentity(op: ReduceOp, dtype: Dtype): number {
  if (op !== "max") return op === "sum" ? 0 : 1;
  return isFloat(dtype) ? -Infinity : dtype === "int32" ? -(2 ** 31) : 0;
}

/** Where expressions have those that they are computed from. */
export const operandNames = ["condition", "x", "y"] as const;

/** Joins neighbours, and what that gives, until one is left. */
export function pairwise<T>(items: readonly T[], join: (x: T, y: T) => T): T {
  const half = items.length >> 1;
  if (half === 0) return items[0]!;
  return join(pairwise(items.slice(0, half), join), pairwise(items.slice(half), join));
}

/** Refuses an operation that has no meaning in a dtype. */
export function undefinedFor(backend: string, op: string, dtype: Dtype): never {
  throw new DtypeError(`${backend}: ${op} is not defined for ${dtype}; cast the operands first`);
}

/** The index itself; throws an IndexError unless it is in [0, size). */
export function checkedIndex(index: number, size: number): number {
  if (index >>> 0 < size) return index;
  throw new IndexError(
    `index ${index} is out of range for an axis of size ${size}: it must be one of 0 … ${size - 1}`,
  );
}

/** The expressions that an expression is computed from. */
export const operandsOf = (expression: Expression): readonly Expression[] =>
  operandNames.flatMap((name) => (name in expression ? [expression[name as never] as Expression] : []));

/** The nodes under `roots`, each once, operands first; without recursion, since chains may be long. */
export function operandsFirst<Node>(
  roots: readonly Node[],
  operands: (node: Node) => readonly Node[],
): readonly Node[] {
  const ordered = new Set<Node>();
  const pending = roots.toReversed();
  while (pending.length > 0) {
    const node = pending.at(-1)!;
    const missing = ordered.has(node) ? [] : operands(node).filter((operand) => !ordered.has(operand));
    if (missing.length > 0) pending.push(...missing);
    else ordered.add(pending.pop()!);
  }
  return [...ordered];
}

/** A measure of the memory traffic when `value` is computed along `axis`. */
export function trafficAlong(value: Expression, axis: number): number {
  let traffic = 0;
  for (const node of operandsFirst([value], operandsOf)) {
    const stride = node.kind === "load" ? Math.abs(node.map.strides[axis]!) : 0;
    traffic += stride > 1 ? 4 : stride;
  }
  return traffic;
}

/** Row-major order from the first element on: where a kernel without targets stores its outputs. */
export const contiguousMap = (shape: Shape): IndexMap => ({
  offset: 0,
  strides: contiguousStrides(shape),
  mask: null,
});

/** The axes that need a loop. */
export const loopAxes = (shape: Shape): number[] => [...shape.keys()].filter((axis) => shape[axis]! > 1);

/** An axis of `size` cut where masks change, in order; null where there would be many parts. */
export function partsOfAxis(size: number, cuts: Iterable<number>): Range[] | null {
  const places = new Set([0, size]);
  for (const cut of cuts) if (cut > 0 && cut < size) places.add(cut);
  if (places.size > 6) return null;
  const sorted = [...places].sort((a, b) => a - b);
  return sorted.slice(1).map((cut, i): Range => [sorted[i]!, cut]);
}

/**
 * Bytes rounded up to a power of two or to one of three steps between, for reuse: at most a fifth is wasted. From 64
 * on the steps are no finer than `align`.
 */
export function sizeClass(bytes: number, align = 1): number {
  if (bytes <= 64) return 64;
  const step = Math.max(align, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}
