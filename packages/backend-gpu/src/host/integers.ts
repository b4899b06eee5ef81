import { threefry2x32, type BinaryOp, type Expression, type IndexMap } from "@chainrule/core";

/*
 * Random words have 32 bits, and floats hold 24: integer expressions of random words are computed here and uploaded.
 * Indices are computed here too where their elements are on the host, so that one out of range is an error.
 */

/** Reads an element of a bound buffer of integers. */
export type Load = (input: number, place: number) => number;

const cache = new WeakMap<Expression, boolean>();

function isInteger(node: Expression): boolean {
  return node.dtype === "int32" || node.dtype === "uint8" || node.dtype === "bool";
}

/** Whether an expression is made of random words, constants and positions alone, all integers. */
export function isForHost(node: Expression): boolean {
  let known = cache.get(node);
  if (known === undefined) cache.set(node, (known = isInteger(node) && usesRandomAlone(node)));
  return known;
}

function usesRandomAlone(node: Expression): boolean {
  switch (node.kind) {
    case "random":
      return true;
    case "unary":
    case "cast":
      return isForHost(node.x);
    case "binary":
      return (
        (isForHost(node.x) && (isForHost(node.y) || node.y.kind === "const")) ||
        (isForHost(node.y) && node.x.kind === "const")
      );
    default:
      return false;
  }
}

/** The bound buffers that an integer expression reads; null where it computes with floats. */
export function integerInputs(node: Expression, into: Set<number> = new Set()): Set<number> | null {
  if (!isInteger(node)) return null;
  switch (node.kind) {
    case "load":
    case "random":
      into.add(node.input);
      return into;
    case "const":
    case "index":
    case "valid":
      return into;
    case "unary":
    case "cast":
      return integerInputs(node.x, into);
    case "binary":
      return integerInputs(node.x, into) && integerInputs(node.y, into);
    case "where":
      return (
        integerInputs(node.condition, into) && integerInputs(node.x, into) && integerInputs(node.y, into)
      );
    default:
      return null;
  }
}

const wrapped = (value: number, { dtype }: Expression): number =>
  dtype === "bool" ? Number(value !== 0) : dtype === "uint8" ? value & 255 : value | 0;

function power(x: number, y: number): number {
  if (y < 0) return x === 1 || x === -1 ? (y & 1 ? x : 1) : 0;
  let result = 1;
  for (let base = x, rest = y; rest > 0; rest >>= 1) {
    if (rest & 1) result = Math.imul(result, base);
    base = Math.imul(base, base);
  }
  return result;
}

const operations: Readonly<Record<BinaryOp, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  mul: Math.imul,
  div: (x, y) => (y === 0 ? 0 : x / y),
  pow: power,
  max: Math.max,
  mod: (x, y) => (y === 0 ? 0 : x - y * Math.floor(x / y)),
  lt: (x, y) => Number(x < y),
  eq: (x, y) => Number(x === y),
};

function isInside({ mask }: IndexMap, index: readonly number[]): boolean {
  return mask === null || mask.every(([low, high], axis) => index[axis]! >= low && index[axis]! < high);
}

const placeOf = ({ offset, strides }: IndexMap, index: readonly number[]): number =>
  strides.reduce((place, stride, axis) => place + stride * index[axis]!, offset);

/** An integer expression at one index, as 32-bit integers compute it. */
function valueAt(node: Expression, index: readonly number[], load: Load): number {
  switch (node.kind) {
    case "const":
      return node.value;
    case "valid":
      return Number(isInside(node.map, index));
    case "index":
      return isInside(node.map, index) ? placeOf(node.map, index) : 0;
    case "load":
      return isInside(node.map, index) ? load(node.input, placeOf(node.map, index)) : 0;
    case "random":
      if (!isInside(node.map, index)) return 0;
      return threefry2x32(load(node.input, 0), load(node.input, 1), placeOf(node.map, index), 0)[0];
    case "cast":
      return wrapped(valueAt(node.x, index, load), node);
    case "unary": {
      const x = valueAt(node.x, index, load);
      return wrapped(node.op === "neg" ? -x : x, node);
    }
    case "binary": {
      const [x, y] = [valueAt(node.x, index, load), valueAt(node.y, index, load)];
      return wrapped(operations[node.op](x, y), node);
    }
    case "where":
      return valueAt(valueAt(node.condition, index, load) === 0 ? node.y : node.x, index, load);
    default:
      throw new TypeError(`${node.kind} is no integer of the host`);
  }
}

/** Calls `visit` with the value of an integer expression at each index of a space, in row-major order. */
export function forEachInteger(
  node: Expression,
  shape: readonly number[],
  load: Load,
  visit: (value: number, position: number) => void,
): void {
  const size = shape.reduce((product, n) => product * n, 1);
  const index = shape.map(() => 0);
  for (let position = 0; position < size; position++) {
    visit(valueAt(node, index, load), position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}
