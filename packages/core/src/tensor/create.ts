import {
  allocateArray,
  checkDtype,
  dtypeOfArray,
  isArrayOf,
  roundTo,
  type Dtype,
  type TypedArray,
} from "../dtype.ts";
import { Storage } from "../engine/storage.ts";
import { activeTrace } from "../engine/trace.ts";
import { OptionError, ShapeError } from "../errors.ts";
import * as g from "../graph/build.ts";
import { gradient as gradientOf } from "../graph/gradient.ts";
import type { Node } from "../graph/node.ts";
import * as elementwise from "../ops/elementwise.ts";
import * as indexing from "../ops/indexing.ts";
import { positions } from "../ops/reductions.ts";
import * as shaping from "../ops/shaping.ts";
import { checkedShape, formatShape, sizeOf, type Shape } from "../shape.ts";
import { inputOf, type Operand } from "./handle.ts";
import { Tensor } from "./tensor.ts";

export interface DtypeOption {
  /** float32 where nothing says otherwise. */
  readonly dtype?: Dtype;
}

export interface TensorOptions extends DtypeOption {
  /** For flat data: the shape to read it in, row-major. */
  readonly shape?: Shape;
}

/** Numbers or booleans nested as deep as the tensor has axes. */
export type TensorLike = number | boolean | readonly TensorLike[];

/** A node of elements on the host. The array is kept, not copied. */
const hostNode = (data: TypedArray, shape: Shape, dtype: Dtype): Node =>
  g.buffer(Storage.onHost(data, dtype), shape);

const isTypedArray = (value: TensorLike | TypedArray): value is TypedArray => ArrayBuffer.isView(value);
const isList = (value: TensorLike): value is readonly TensorLike[] => Array.isArray(value);

function shapeOf(value: TensorLike): number[] {
  const shape: number[] = [];
  let level: TensorLike | undefined = value;
  while (level !== undefined && isList(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

function flattenInto(value: TensorLike, shape: Shape, axis: number, out: (number | boolean)[]): void {
  if (axis === shape.length) {
    if (typeof value !== "number" && typeof value !== "boolean") {
      throw new ShapeError(
        `tensor: expected numbers ${axis} levels deep, as in the first row, and found ${typeof value}`,
      );
    }
    out.push(value);
    return;
  }
  const items = isList(value) ? value : null;
  if (items === null || items.length !== shape[axis]) {
    throw new ShapeError(
      `tensor: rows differ in length: the first suggests shape ${formatShape(shape)}, ` +
        `and on axis ${axis} there is one of ${items?.length ?? "no"} elements`,
    );
  }
  for (const item of items) flattenInto(item, shape, axis + 1, out);
}

function fromArray(data: TypedArray, shape: Shape, wanted: Dtype | undefined): Tensor {
  const dtype = wanted ?? dtypeOfArray(data);
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError(
      `tensor: shape ${formatShape(shape)} takes ${sizeOf(shape)} elements, and there are ${data.length}`,
    );
  }
  if (dtype === "bool")
    return new Tensor(
      hostNode(
        Uint8Array.from(data, (x) => (x === 0 ? 0 : 1)),
        shape,
        dtype,
      ),
    );
  if (isArrayOf(data, dtype)) return new Tensor(hostNode(data.slice(), shape, dtype));
  const converted = allocateArray(dtype, data.length);
  converted.set(data);
  return new Tensor(hostNode(converted, shape, dtype));
}

/**
 * A tensor of the numbers given: one, nested arrays of them, or a typed array with a shape. Typed arrays keep their
 * dtype, booleans become bool, other numbers float32. The data is copied.
 */
export function tensor(value: TensorLike | TypedArray, options: TensorOptions = {}): Tensor {
  if (options.dtype !== undefined) checkDtype(options.dtype);
  const given = options.shape && checkedShape("tensor", options.shape);
  if (isTypedArray(value)) return fromArray(value, given ?? [value.length], options.dtype);
  const nested = shapeOf(value);
  const flat: (number | boolean)[] = [];
  flattenInto(value, nested, 0, flat);
  const shape = given ?? nested;
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError(
      `tensor: shape ${formatShape(shape)} takes ${sizeOf(shape)} elements, and there are ${flat.length}`,
    );
  }
  const dtype =
    options.dtype ?? (flat.length > 0 && flat.every((x) => typeof x === "boolean") ? "bool" : "float32");
  const data = allocateArray(dtype, flat.length);
  flat.forEach((x, i) => {
    data[i] = roundTo(dtype, Number(x));
  });
  return new Tensor(hostNode(data, shape, dtype));
}

/** A tensor of one value repeated. */
export function full(shape: Shape, value: number | boolean, options: DtypeOption = {}): Tensor {
  const dtype = options.dtype ?? (typeof value === "boolean" ? "bool" : "float32");
  checkDtype(dtype);
  return new Tensor(g.constant(Number(value), checkedShape("full", shape), dtype));
}

export const zeros = (shape: Shape, options: DtypeOption = {}): Tensor =>
  full(shape, 0, { dtype: "float32", ...options });
export const ones = (shape: Shape, options: DtypeOption = {}): Tensor =>
  full(shape, 1, { dtype: "float32", ...options });
/** Zeros of another tensor's shape and dtype. */
export const zerosLike = (like: Tensor): Tensor => full(like.shape, 0, { dtype: like.dtype });
/** Ones of another tensor's shape and dtype. */
export const onesLike = (like: Tensor): Tensor => full(like.shape, 1, { dtype: like.dtype });

/** start, start + step, … before stop; `arange(n)` counts from 0. int32 where all three are whole, else float32. */
export function arange(start: number, stop?: number, step = 1, options: DtypeOption = {}): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new OptionError(
      `arange: start, stop and step are finite and step is not 0, not ${from}, ${to}, ${step}`,
    );
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  const dtype = options.dtype ?? ([from, to, step].every(Number.isInteger) ? "int32" : "float32");
  checkDtype(dtype);
  const data = allocateArray(dtype, count);
  for (let i = 0; i < count; i++) data[i] = roundTo(dtype, from + i * step);
  return new Tensor(hostNode(data, [count], dtype));
}

/** `count` numbers evenly spaced from start to stop, both included. */
export function linspace(start: number, stop: number, count: number, options: DtypeOption = {}): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new OptionError(`linspace: count is a whole number ≥ 0, not ${count}`);
  if (!Number.isFinite(start) || !Number.isFinite(stop))
    throw new OptionError(`linspace: start and stop are finite, not ${start} and ${stop}`);
  const { dtype = "float32" } = options;
  checkDtype(dtype);
  const data = allocateArray(dtype, count);
  for (let i = 0; i < count; i++) {
    // Counted from the nearer end, so that both ends are exact.
    const step = count > 1 ? (stop - start) / (count - 1) : 0;
    data[i] = roundTo(dtype, i < count / 2 ? start + i * step : stop - (count - 1 - i) * step);
  }
  return new Tensor(hostNode(data, [count], dtype));
}

/** Ones on the diagonal of an n×m matrix, m = n where it is not given. */
export function eye(n: number, m: number = n, options: DtypeOption = {}): Tensor {
  const shape = checkedShape("eye", [n, m]);
  const { dtype = "float32" } = options;
  checkDtype(dtype);
  return new Tensor(g.cast(g.eq(positions(shape, 0), positions(shape, 1)), dtype));
}

/** 1 at each index and 0 elsewhere along a new last axis of `classes`; an index outside gives a row of zeros. */
export function oneHot(indices: Tensor, classes: number, options: DtypeOption = {}): Tensor {
  const { dtype = "float32" } = options;
  checkDtype(dtype);
  return new Tensor(indexing.oneHot(indices.node, classes, dtype));
}

const nodesOf = (tensors: readonly Tensor[]): Node[] => tensors.map(({ node }) => node);

/** Tensors one after another along an axis; their other axes agree. */
export const concat = (tensors: readonly Tensor[], axis = 0): Tensor =>
  new Tensor(shaping.concat(nodesOf(tensors), axis));

/** Tensors of one shape along a new axis. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor =>
  new Tensor(shaping.stack(nodesOf(tensors), axis));

/** x where the condition is other than 0, else y; all three broadcast. */
export const where = (condition: Operand, x: Operand, y: Operand): Tensor =>
  new Tensor(elementwise.where(inputOf(condition), inputOf(x), inputOf(y)));

export interface GradientOptions {
  /** ∂L/∂y, where y is no scalar; ones where it is not given. */
  readonly upstream?: Tensor;
}

/** ∂y/∂x for each x, weighted by `upstream`; the results can be differentiated again. */
export function gradient(y: Tensor, xs: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  return gradientOf(y.node, nodesOf(xs), options.upstream?.node).map((node) => new Tensor(node));
}

/**
 * A function with a derivative given by hand: `backward` gets the gradient of the result, the result and the
 * arguments, and returns a gradient for each argument.
 */
export function customGradient(
  forward: (...xs: Tensor[]) => Tensor,
  backward: (upstream: Tensor, y: Tensor, ...xs: Tensor[]) => readonly Tensor[],
): (...xs: Tensor[]) => Tensor {
  return (...xs) => {
    const value = forward(...xs);
    const inputs = nodesOf(xs);
    const rule = (upstream: Node, y: Node): Node[] => {
      const parts = backward(new Tensor(upstream), new Tensor(y), ...xs);
      if (parts.length !== xs.length) {
        throw new OptionError(
          `customGradient: backward gave ${parts.length} gradients for ${xs.length} arguments`,
        );
      }
      parts.forEach((part, i) => {
        if (formatShape(part.shape) === formatShape(xs[i]!.shape)) return;
        throw new ShapeError(
          `customGradient: the gradient of argument ${i} has shape ${formatShape(part.shape)}, ` +
            `the argument ${formatShape(xs[i]!.shape)}`,
        );
      });
      return nodesOf(parts);
    };
    return new Tensor(g.custom(value.node, inputs, rule));
  };
}

export interface HostValueOptions extends DtypeOption {
  readonly shape?: Shape;
}

/**
 * A tensor of numbers that the host works out for each run of a step: a learning rate, a step count, a random key.
 * Outside a capture `compute` is called at once; in a captured function it is called at each replay.
 */
export function hostValue(compute: () => number | ArrayLike<number>, options: HostValueOptions = {}): Tensor {
  const { dtype = "float32" } = options;
  const shape = checkedShape("hostValue", options.shape ?? []);
  checkDtype(dtype);
  const size = sizeOf(shape);
  const refresh = (into: TypedArray): TypedArray => {
    const value = compute();
    if (typeof value !== "number" && value.length !== size) {
      throw new ShapeError(
        `hostValue: shape ${formatShape(shape)} takes ${size} numbers, and ${value.length} were given`,
      );
    }
    for (let i = 0; i < size; i++) into[i] = roundTo(dtype, typeof value === "number" ? value : value[i]!);
    return into;
  };
  const trace = activeTrace();
  const data = allocateArray(dtype, size);
  if (trace === null) return new Tensor(hostNode(refresh(data), shape, dtype));
  const node = hostNode(allocateArray(dtype, size), shape, dtype);
  trace.hostInputs.push({ node, refresh: () => refresh(data) });
  return new Tensor(node);
}
