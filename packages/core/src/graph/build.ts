import type { BinaryOp, ReduceOp, UnaryOp } from "../backend/kernel.ts";
import { foldIdentity } from "../backend/lowering.ts";
import { isFloat, roundTo, type Dtype } from "../dtype.ts";
import { DtypeError, ShapeError } from "../errors.ts";
import type { Storage } from "../engine/storage.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../shape.ts";
import { observe } from "./observe.ts";
import { isOp, Node, type Attributes, type Backward, type Op, type TransposedWindow } from "./node.ts";

/*
 * One constructor a primitive, holding its shape rule. Operands of elementwise primitives have one shape and one
 * dtype already: broadcasting and promotion belong to the operations that users call. Identities that change no bit
 * (a product with 1, a reshape to the same shape) give back their operand; nothing looks further down than that, since
 * a gradient may be asked for any tensor on the way.
 */

function make<O extends Op>(
  op: O,
  inputs: readonly Node[],
  attributes: Attributes[O],
  shape: Shape,
  dtype: Dtype,
): Node {
  return observe(new Node(op, inputs, attributes, shape, dtype));
}

/** Elements that exist already. */
export function buffer(storage: Storage, shape: Shape): Node {
  const node = new Node("buffer", [], null, shape, storage.dtype);
  node.storage = storage;
  node.version = storage.version;
  return node;
}

/**
 * The value of a node that is one number repeated, else undefined. Not of one that a tensor stands for: a gradient may
 * be asked for that tensor, so that what is made of it must lead back to it.
 */
export const constantOf = (node: Node): number | undefined =>
  isOp(node, "const") && !node.held ? node.attributes : undefined;

/** A tensor of one value, rounded to the dtype. */
export function constant(value: number, shape: Shape, dtype: Dtype): Node {
  return new Node("const", [], roundTo(dtype, value), shape, dtype);
}

/** A constant of another node's shape and dtype. */
export const constantLike = (node: Node, value: number): Node => constant(value, node.shape, node.dtype);

/** Row-major positions 0, 1, 2, … */
export function iota(shape: Shape): Node {
  return new Node("iota", [], null, shape, "int32");
}

/** Uniform random bits, one int32 an element; `key` is an int32 tensor of two words. */
export function randomBits(key: Node, shape: Shape): Node {
  return make("randomBits", [key], null, shape, "int32");
}

function unary(op: UnaryOp, x: Node): Node {
  if (!isFloat(x.dtype) && op !== "neg") throw new DtypeError(`${op}: takes floats, not ${x.dtype}`);
  return make(op, [x], null, x.shape, x.dtype);
}

export function neg(x: Node): Node {
  const value = constantOf(x);
  if (value !== undefined) return constantLike(x, -value);
  return unary("neg", x);
}

export const exp = (x: Node): Node => unary("exp", x);
export const log = (x: Node): Node => unary("log", x);
export const sin = (x: Node): Node => unary("sin", x);
export const cos = (x: Node): Node => unary("cos", x);
export const sqrt = (x: Node): Node => unary("sqrt", x);
export const floor = (x: Node): Node => unary("floor", x);
export const tanh = (x: Node): Node => unary("tanh", x);
export const erf = (x: Node): Node => unary("erf", x);
export const log1p = (x: Node): Node => unary("log1p", x);
export const expm1 = (x: Node): Node => unary("expm1", x);

export function cast(x: Node, dtype: Dtype): Node {
  if (x.dtype === dtype) return x;
  const value = constantOf(x);
  if (value !== undefined && (isFloat(dtype) || Number.isInteger(value)))
    return constant(value, x.shape, dtype);
  return make("cast", [x], null, x.shape, dtype);
}

function binary(op: BinaryOp, x: Node, y: Node): Node {
  if (!sameShape(x.shape, y.shape) || x.dtype !== y.dtype) {
    throw new ShapeError(
      `${op}: operands differ: ${x.dtype}${formatShape(x.shape)} and ${y.dtype}${formatShape(y.shape)}`,
    );
  }
  return make(op, [x, y], null, x.shape, op === "lt" || op === "eq" ? "bool" : x.dtype);
}

export function add(x: Node, y: Node): Node {
  const a = constantOf(x);
  const b = constantOf(y);
  if (a !== undefined && b !== undefined && x.dtype !== "bool") return constantLike(x, a + b);
  // Only −0 is neutral to floats: (−0) + 0 is 0.
  if (b !== undefined && (isFloat(x.dtype) ? Object.is(b, -0) : b === 0)) return x;
  if (a !== undefined && (isFloat(x.dtype) ? Object.is(a, -0) : a === 0)) return y;
  return binary("add", x, y);
}

export function mul(x: Node, y: Node): Node {
  const a = constantOf(x);
  const b = constantOf(y);
  if (a !== undefined && b !== undefined && isFloat(x.dtype)) return constantLike(x, a * b);
  if (b === 1) return x;
  if (a === 1) return y;
  return binary("mul", x, y);
}

export function div(x: Node, y: Node): Node {
  if (!isFloat(x.dtype)) throw new DtypeError(`div: takes floats, not ${x.dtype}`);
  const a = constantOf(x);
  const b = constantOf(y);
  if (a !== undefined && b !== undefined) return constantLike(x, a / b);
  return b === 1 ? x : binary("div", x, y);
}

export function pow(x: Node, y: Node): Node {
  if (!isFloat(x.dtype)) throw new DtypeError(`pow: takes floats, not ${x.dtype}`);
  return binary("pow", x, y);
}

export const sub = (x: Node, y: Node): Node => add(x, neg(y));
export const max = (x: Node, y: Node): Node => binary("max", x, y);
export const mod = (x: Node, y: Node): Node => binary("mod", x, y);
export const lt = (x: Node, y: Node): Node => binary("lt", x, y);
export const eq = (x: Node, y: Node): Node => binary("eq", x, y);
export const not = (x: Node): Node => eq(x, constantLike(x, 0));

export function where(condition: Node, x: Node, y: Node): Node {
  const fits = condition.dtype === "bool" && x.dtype === y.dtype;
  if (!fits || !sameShape(x.shape, y.shape) || !sameShape(condition.shape, x.shape)) {
    throw new ShapeError(
      `where: condition, x and y differ: ${condition.dtype}${formatShape(condition.shape)}, ` +
        `${x.dtype}${formatShape(x.shape)} and ${y.dtype}${formatShape(y.shape)}`,
    );
  }
  const known = constantOf(condition);
  if (known !== undefined) return known ? x : y;
  return make("where", [condition, x, y], null, x.shape, x.dtype);
}

/** Folds `axes` (ascending) away. */
export function reduce(op: ReduceOp, x: Node, axes: readonly number[]): Node {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  if (axes.every((axis) => x.shape[axis] === 1)) return reshape(x, shape);
  if (sizeOf(x.shape) === 0) {
    if (op === "max" && sizeOf(shape) > 0) {
      throw new ShapeError(
        `max: an axis of size 0 has no largest element; the shape is ${formatShape(x.shape)}`,
      );
    }
    return constant(foldIdentity(op, x.dtype), shape, x.dtype);
  }
  return make("reduce", [x], { op, axes }, shape, x.dtype);
}

export const sum = (x: Node, axes: readonly number[]): Node => reduce("sum", x, axes);

export function reshape(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(x.shape) !== sizeOf(shape)) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements and ${formatShape(shape)} has ${sizeOf(shape)}`,
    );
  }
  const value = constantOf(x);
  if (value !== undefined) return constant(value, shape, x.dtype);
  return make("reshape", [x], null, shape, x.dtype);
}

export function permute(x: Node, order: readonly number[]): Node {
  const shape = order.map((axis) => x.shape[axis]!);
  if (order.every((axis, i) => axis === i)) return x;
  const value = constantOf(x);
  if (value !== undefined) return constant(value, shape, x.dtype);
  return make("permute", [x], order, shape, x.dtype);
}

/** Repeats axes of size 1; the rank stays. */
export function expand(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  const value = constantOf(x);
  if (value !== undefined) return constant(value, shape, x.dtype);
  return make("expand", [x], null, shape, x.dtype);
}

/** Zeros around each axis, `[before, after]` of them. */
export function pad(x: Node, padding: readonly (readonly [number, number])[]): Node {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
  if (sizeOf(x.shape) === 0) return constant(0, shape, x.dtype);
  return make("pad", [x], padding, shape, x.dtype);
}

/** Every `steps[a]`-th element of axis `a`, from `starts[a]`, `sizes[a]` of them; steps are ≥ 1. */
export function slice(
  x: Node,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): Node {
  if (sameShape(x.shape, sizes) && steps.every((step) => step === 1)) return x;
  const value = constantOf(x);
  if (value !== undefined) return constant(value, sizes, x.dtype);
  return make("slice", [x], { starts, steps }, sizes, x.dtype);
}

/** Shorter rows than this are no work for vectors. */
const shortRow = 4;

/** Parts that agree on all axes but one, one after the other along that one. */
export function concat(parts: readonly Node[], axis: number): Node {
  const [first, ...others] = parts as [Node, ...Node[]];
  if (others.length === 0) return first;
  const { shape, dtype } = first;
  const joined = shape.with(
    axis,
    parts.reduce((size, part) => size + part.shape[axis]!, 0),
  );
  const rows = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  if (rows > 1 && parts.some((part) => part.shape[axis]! * inner < shortRow)) {
    // Whole parts one behind the other, read as if they were side by side.
    const order = [axis, ...[...shape.keys()].filter((other) => other !== axis)];
    const front = concat(
      parts.map((part) => permute(part, order)),
      0,
    );
    return permute(
      front,
      order.map((_, at) => order.indexOf(at)),
    );
  }
  const flat = parts.map((part) => reshape(part, [rows, part.shape[axis]! * inner]));
  return reshape(make("concat", flat, null, [rows, joined[axis]! * inner], dtype), joined);
}

export function flip(x: Node, axes: readonly number[]): Node {
  if (axes.every((axis) => x.shape[axis]! <= 1) || constantOf(x) !== undefined) return x;
  return make("flip", [x], axes, x.shape, x.dtype);
}

/** `transpose` is given by who makes windows, so that what makes none need not load it. */
export function window(
  x: Node,
  axis: number,
  size: number,
  stride: number,
  dilation: number,
  transpose: TransposedWindow,
): Node {
  const count = Math.floor((x.shape[axis]! - (size - 1) * dilation - 1) / stride) + 1;
  if (count < 1) {
    throw new ShapeError(
      `window: ${size} elements, ${dilation} apart, do not fit into axis ${axis} of ${formatShape(x.shape)}`,
    );
  }
  const shape = [...x.shape, size];
  shape[axis] = count;
  return make("window", [x], { axis, size, stride, dilation, transpose }, shape, x.dtype);
}

export function dot(a: Node, b: Node): Node {
  const rank = a.shape.length;
  const batch = a.shape.slice(0, -2);
  const fits = rank >= 2 && b.shape.length === rank && sameShape(batch, b.shape.slice(0, -2));
  if (!fits || a.shape[rank - 1] !== b.shape[rank - 2] || a.dtype !== b.dtype) {
    throw new ShapeError(
      `dot: ${a.dtype}${formatShape(a.shape)} and ${b.dtype}${formatShape(b.shape)} do not chain`,
    );
  }
  const shape = [...batch, a.shape[rank - 2]!, b.shape[rank - 1]!];
  if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return constant(0, shape, a.dtype);
  return make("dot", [a, b], null, shape, a.dtype);
}

export function gather(x: Node, indices: Node, axis: number): Node {
  checkIndices("gather", x.shape, indices, axis);
  return make("gather", [x, indices], { axis }, indices.shape, x.dtype);
}

/** Zeros of `shape` with `values` added where `indices` point along `axis`. */
export function scatterAdd(shape: Shape, indices: Node, values: Node, axis: number): Node {
  checkIndices("scatterAdd", shape, indices, axis);
  if (!sameShape(indices.shape, values.shape)) {
    throw new ShapeError(
      `scatterAdd: indices ${formatShape(indices.shape)} and values ${formatShape(values.shape)} must have one shape`,
    );
  }
  if (sizeOf(values.shape) === 0) return constant(0, shape, values.dtype);
  return make("scatterAdd", [indices, values], { axis }, shape, values.dtype);
}

function checkIndices(operation: string, shape: Shape, indices: Node, axis: number): void {
  if (indices.dtype !== "int32")
    throw new DtypeError(`${operation}: indices are int32, not ${indices.dtype}`);
  const fits =
    indices.shape.length === shape.length && shape.every((n, i) => i === axis || n === indices.shape[i]);
  if (!fits) {
    throw new ShapeError(
      `${operation}: indices ${formatShape(indices.shape)} must have the sizes of ${formatShape(shape)} ` +
        `on every axis but ${axis}`,
    );
  }
}

export const stopGradient = (x: Node): Node => make("stopGradient", [x], null, x.shape, x.dtype);

/** `value`, whose gradient goes to `inputs` by `backward` alone. */
export const custom = (value: Node, inputs: readonly Node[], backward: Backward): Node =>
  make("custom", [value, ...inputs], backward, value.shape, value.dtype);
