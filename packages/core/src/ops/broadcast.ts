import { floatOf, isFloat, promote, roundTo, type Dtype } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { cast, constant, expand, reshape } from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";

/** What an elementwise operation takes: a node, or a number that takes its dtype from the other operand. */
export type Input = Node | number | boolean;

const isNode = (input: Input): input is Node => typeof input === "object";

/** Repeats a node up to `shape`, aligned at the last axis. */
export function broadcastTo(x: Node, shape: Shape, operation = "broadcastTo"): Node {
  const missing = shape.length - x.shape.length;
  const fits = missing >= 0 && x.shape.every((size, axis) => size === 1 || size === shape[axis + missing]);
  if (!fits) {
    throw new ShapeError(
      `${operation}: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}: ` +
        `aligned at the last axis, each size must be 1 or the same`,
    );
  }
  return expand(
    reshape(x, missing === 0 ? x.shape : [...shape.slice(0, missing).map(() => 1), ...x.shape]),
    shape,
  );
}

/** The dtype of a number beside a tensor: the tensor's, unless the number needs a wider kind. */
function weakDtype(value: number | boolean, other: Dtype): Dtype {
  if (typeof value === "boolean") return other;
  if (!Number.isInteger(value)) return floatOf(other);
  const dtype = other === "bool" ? "int32" : other;
  if (isFloat(dtype) || roundTo(dtype, value) === value) return dtype;
  // Wrapped into the tensor's dtype it would be another number: 300 equal to 44 beside uint8.
  return roundTo("int32", value) === value ? "int32" : "float32";
}

/** The dtype that operands meet in. */
export function commonDtype(inputs: readonly Input[]): Dtype {
  let dtype: Dtype | undefined;
  for (const input of inputs)
    if (isNode(input)) dtype = dtype === undefined ? input.dtype : promote(dtype, input.dtype);
  if (dtype === undefined) return inputs.every((input) => typeof input === "boolean") ? "bool" : "float32";
  for (const input of inputs) if (!isNode(input)) dtype = promote(dtype, weakDtype(input, dtype));
  return dtype;
}

/** Operands brought to one shape and to `dtype`. Throws ShapeError where they do not broadcast. */
export function align(
  operation: string,
  inputs: readonly Input[],
  dtype: Dtype = commonDtype(inputs),
): Node[] {
  let shape: Shape = [];
  for (const input of inputs) if (isNode(input)) shape = broadcastShapes(operation, shape, input.shape);
  return inputs.map((input) =>
    isNode(input) ? broadcastTo(cast(input, dtype), shape, operation) : constant(Number(input), shape, dtype),
  );
}
