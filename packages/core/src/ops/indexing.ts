import { isFloat } from "../dtype.ts";
import { DtypeError, OptionError, ShapeError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, normalizeAxis, sizeOf, type Shape } from "../shape.ts";
import type { Dtype } from "../dtype.ts";
import { positions } from "./reductions.ts";

function asIndices(operation: string, indices: Node): Node {
  if (isFloat(indices.dtype) || indices.dtype === "bool") {
    throw new DtypeError(
      `${operation}: indices are int32 or uint8, not ${indices.dtype}; use .cast("int32")`,
    );
  }
  return g.cast(indices, "int32");
}

/** Checks that indices fit a shape on every axis but one, as PyTorch's gather does: no larger. */
function checkFits(operation: string, shape: Shape, indices: Shape, axis: number): void {
  const fits = indices.length === shape.length && shape.every((n, i) => i === axis || indices[i]! <= n);
  if (!fits) {
    throw new ShapeError(
      `${operation}: indices ${formatShape(indices)} must have as many axes as ${formatShape(shape)} ` +
        `and be no larger on any but axis ${axis}`,
    );
  }
}

/** out[…i…] = x[…indices[…i…]…] along an axis. */
export function gather(x: Node, indices: Node, axis: number): Node {
  const at = normalizeAxis("gather", axis, x.shape.length);
  const index = asIndices("gather", indices);
  checkFits("gather", x.shape, index.shape, at);
  if (sizeOf(index.shape) === 0) return g.constant(0, index.shape, x.dtype);
  const sizes = x.shape.map((n, i) => (i === at ? n : index.shape[i]!));
  const part = g.slice(
    x,
    sizes.map(() => 0),
    sizes,
    sizes.map(() => 1),
  );
  return g.gather(part, index, at);
}

/** The slices of x that whole-number `indices` of any shape name along an axis; they take its place. */
export function take(x: Node, indices: Node, axis = 0): Node {
  const at = normalizeAxis("take", axis, x.shape.length);
  const index = asIndices("take", indices);
  const count = sizeOf(index.shape);
  const line = g.reshape(
    index,
    x.shape.map((_, i) => (i === at ? count : 1)),
  );
  const spread = g.expand(
    line,
    x.shape.map((n, i) => (i === at ? count : n)),
  );
  return g.reshape(gather(x, spread, at), [
    ...x.shape.slice(0, at),
    ...index.shape,
    ...x.shape.slice(at + 1),
  ]);
}

/** x plus each source element at the place that its index names along an axis; repeated indices add up. */
export function scatterAdd(x: Node, indices: Node, source: Node, axis: number): Node {
  const at = normalizeAxis("scatterAdd", axis, x.shape.length);
  const index = asIndices("scatterAdd", indices);
  checkFits("scatterAdd", x.shape, index.shape, at);
  checkFits("scatterAdd", source.shape, index.shape, at);
  if (index.shape[at]! > source.shape[at]!) {
    throw new ShapeError(
      `scatterAdd: source ${formatShape(source.shape)} is smaller than indices ${formatShape(index.shape)}`,
    );
  }
  const values = g.cast(
    g.slice(
      source,
      index.shape.map(() => 0),
      index.shape,
      index.shape.map(() => 1),
    ),
    x.dtype,
  );
  const sizes = x.shape.map((n, i) => (i === at ? n : index.shape[i]!));
  const scattered = g.scatterAdd(sizes, index, values, at);
  return g.add(
    x,
    g.pad(
      scattered,
      x.shape.map((n, i): [number, number] => [0, n - sizes[i]!]),
    ),
  );
}

/** 1 where the class is the index, else 0, along a new last axis. */
export function oneHot(indices: Node, classes: number, dtype: Dtype): Node {
  if (!Number.isInteger(classes) || classes < 1)
    throw new OptionError(`oneHot: classes is a whole number ≥ 1, not ${classes}`);
  const index = asIndices("oneHot", indices);
  const shape = [...index.shape, classes];
  const column = g.expand(g.reshape(index, [...index.shape, 1]), shape);
  return g.cast(g.eq(positions(shape, shape.length - 1), column), dtype);
}
