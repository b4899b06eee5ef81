import { isFloat, type Dtype } from "../dtype.ts";
import type { Range } from "../engine/view.ts";
import { contiguousStrides, type Shape } from "../shape.ts";
import type { BinaryOp, Expression, IndexMap, ReduceOp } from "./kernel.ts";

/*
 * What every backend needs to turn kernels into loops.
 */

/** The operation that folds. */
export const foldOperator = (op: ReduceOp): BinaryOp =>
  op === "sum" ? "add" : op === "prod" ? "mul" : "max";

/** The fold of nothing. */
export function foldIdentity(op: ReduceOp, dtype: Dtype): number {
  if (op !== "max") return op === "sum" ? 0 : 1;
  return isFloat(dtype) ? -Infinity : dtype === "int32" ? -(2 ** 31) : 0;
}

/** The expressions that an expression is computed from. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "unary":
    case "cast":
      return [expression.x];
    case "binary":
      return [expression.x, expression.y];
    case "where":
      return [expression.condition, expression.x, expression.y];
    default:
      return [];
  }
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
