import { promote } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, formatShape, sizeOf } from "../shape.ts";
import { broadcastTo } from "./broadcast.ts";

/** Both operands in the dtype that they meet in; small integers multiply as int32. */
function meet(a: Node, b: Node): [Node, Node] {
  const dtype = promote(promote(a.dtype, b.dtype), "int32");
  return [g.cast(a, dtype), g.cast(b, dtype)];
}

/**
 * The matrix product over the last two axes, other axes broadcast; a vector on the left is a row and on the right a
 * column, and its axis is dropped from the result. NumPy's matmul.
 */
export function matmul(x: Node, y: Node): Node {
  if (x.shape.length === 0 || y.shape.length === 0) {
    throw new ShapeError(
      `matmul: ${formatShape(x.shape)} and ${formatShape(y.shape)}: a scalar is no matrix; use mul`,
    );
  }
  const [p, q] = meet(x, y);
  const a = p.shape.length === 1 ? g.reshape(p, [1, p.shape[0]!]) : p;
  const b = q.shape.length === 1 ? g.reshape(q, [q.shape[0]!, 1]) : q;
  const inner = a.shape.at(-1)!;
  if (inner !== b.shape.at(-2)) {
    throw new ShapeError(
      `matmul: shapes ${formatShape(x.shape)} and ${formatShape(y.shape)} do not chain: ` +
        `the last axis of the first has ${inner} elements, the ${q.shape.length === 1 ? "axis" : "second last axis"} ` +
        `of the second ${b.shape.at(-2)}`,
    );
  }
  const product = multiply(a, b);
  const [rows, columns] = product.shape.slice(-2) as [number, number];
  const shape = product.shape.slice(0, -2);
  if (p.shape.length > 1) shape.push(rows);
  if (q.shape.length > 1) shape.push(columns);
  return g.reshape(product, shape);
}

function multiply(a: Node, b: Node): Node {
  const rows = a.shape.at(-2)!;
  const inner = a.shape.at(-1)!;
  const columns = b.shape.at(-1)!;
  if (a.shape.length > 2 && b.shape.length === 2) {
    // One matrix for the whole batch is one product over all rows, and its gradient one product too.
    const flat = g.reshape(a, [sizeOf(a.shape.slice(0, -1)), inner]);
    return g.reshape(g.dot(flat, b), [...a.shape.slice(0, -1), columns]);
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return g.dot(broadcastTo(a, [...batch, rows, inner]), broadcastTo(b, [...batch, inner, columns]));
}

/** Σ xᵢ·yᵢ of two vectors. */
export function dot(x: Node, y: Node): Node {
  if (x.shape.length !== 1 || y.shape.length !== 1 || x.shape[0] !== y.shape[0]) {
    throw new ShapeError(
      `dot: takes two vectors of one length, not ${formatShape(x.shape)} and ${formatShape(y.shape)}; ` +
        `use matmul for matrices`,
    );
  }
  return matmul(x, y);
}

/** xᵢ·yⱼ for all i and j of two vectors. */
export function outer(x: Node, y: Node): Node {
  if (x.shape.length !== 1 || y.shape.length !== 1) {
    throw new ShapeError(`outer: takes two vectors, not ${formatShape(x.shape)} and ${formatShape(y.shape)}`);
  }
  const dtype = promote(x.dtype, y.dtype);
  const shape = [x.shape[0]!, y.shape[0]!];
  const column = g.expand(g.reshape(g.cast(x, dtype), [shape[0]!, 1]), shape);
  return g.mul(column, broadcastTo(g.cast(y, dtype), shape));
}
