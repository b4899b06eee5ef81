import type { DotKernel, Dtype, Expression, IndexMap, Kernel, TypedArray } from "@chainrule/core";
import { threefry2x32 } from "@chainrule/core";

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

export const array = (dtype: Dtype, values: number | readonly number[]): TypedArray =>
  typeof values === "number" ? new arrays[dtype](values) : new arrays[dtype](values);

export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

export const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** Every index of `shape`, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const total = sizeOf(shape);
  const strides = rowMajor(shape);
  for (let i = 0; i < total; i++) yield shape.map((size, axis) => Math.floor(i / strides[axis]!) % size);
}

export const contiguous = (shape: readonly number[]): IndexMap => ({
  offset: 0,
  strides: rowMajor(shape),
  mask: null,
});

/** A value as an element of `dtype` holds it, by the rules of `cast`. */
export function round(dtype: Dtype, value: number): number {
  const box = array(dtype, 1);
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  box[0] = value;
  return box[0];
}

const place = (map: IndexMap, index: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * map.strides[axis]!, map.offset + 0);
const inside = ({ mask }: IndexMap, index: readonly number[]): boolean =>
  mask === null || index.every((i, axis) => i >= mask[axis]![0] && i < mask[axis]![1]);

export function erfReference(x: number): number {
  // The Maclaurin series near 0 and the continued fraction of erfc beyond: slow, and independent of what is tested.
  if (Math.abs(x) < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 120; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 100; n > 0; n--) fraction = n / 2 / (Math.abs(x) + fraction);
  const tail = Math.exp(-x * x) / (Math.sqrt(Math.PI) * (Math.abs(x) + fraction));
  return Math.sign(x) * (1 - tail);
}

function unary(op: string, x: number): number {
  switch (op) {
    case "neg":
      return -x;
    case "erf":
      return Math.abs(x) > 1e3 ? Math.sign(x) : erfReference(x);
    default:
      return Math[op as "exp"](x);
  }
}

function pow(x: number, y: number): number {
  if (x === 1) return 1;
  return x === -1 && Math.abs(y) === Infinity ? 1 : x ** y;
}

function binary(op: string, dtype: Dtype, x: number, y: number): number {
  const whole = dtype !== "float32" && dtype !== "float64";
  if (dtype === "bool") {
    if (op === "mul") return x && y;
    if (op === "add" || op === "max") return x || y;
  }
  switch (op) {
    case "add":
      return x + y;
    case "mul":
      return dtype === "int32" ? Math.imul(x, y) : x * y;
    case "div":
      return x / y;
    case "pow":
      if (whole) {
        if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
        let power = 1n;
        for (let i = 0; i < y; i++) power = BigInt.asIntN(32, power * BigInt(x));
        return Number(power);
      }
      return pow(x, y);
    case "max":
      return Math.max(x, y);
    case "mod": {
      if (whole && y === 0) return 0;
      const rest = x % y;
      return rest !== 0 && Math.sign(rest) !== Math.sign(y) ? rest + y : rest;
    }
    case "lt":
      return x < y ? 1 : 0;
    default:
      return x === y ? 1 : 0;
  }
}

/** The value of an expression at one index, straight from the words of the contract. */
export function evaluate(
  expression: Expression,
  index: readonly number[],
  inputs: readonly TypedArray[],
  result = 0,
): number {
  const at = (e: Expression): number => evaluate(e, index, inputs, result);
  const e = expression;
  switch (e.kind) {
    case "load":
      return inside(e.map, index) ? inputs[e.input]![place(e.map, index)]! : 0;
    case "const":
      return round(e.dtype, e.value);
    case "index":
      return inside(e.map, index) ? place(e.map, index) : 0;
    case "random": {
      const key = inputs[e.input]!;
      return inside(e.map, index) ? threefry2x32(key[0]!, key[1]!, place(e.map, index), 0)[0] : 0;
    }
    case "valid":
      return inside(e.map, index) ? 1 : 0;
    case "unary":
      return round(e.dtype, unary(e.op, at(e.x)));
    case "cast":
      return round(e.dtype, at(e.x));
    case "binary":
      return round(e.dtype, binary(e.op, e.x.dtype, at(e.x), at(e.y)));
    case "where":
      return at(e.condition) ? at(e.x) : at(e.y);
    case "result":
      return result;
  }
}

function fold(op: string, dtype: Dtype, values: readonly number[]): number {
  if (dtype === "bool")
    return values.reduce((a, b) => (op === "prod" ? a & b : a | b), op === "prod" ? 1 : 0);
  if (op === "max") return values.reduce((a, b) => Math.max(a, b));
  if (dtype === "int32" || dtype === "uint8") {
    return values.reduce((a, b) => (op === "sum" ? (a + b) | 0 : Math.imul(a, b)), op === "sum" ? 0 : 1);
  }
  return values.reduce((a, b) => (op === "sum" ? a + b : a * b), op === "sum" ? 0 : 1);
}

/**
 * Runs a kernel index by index; gives fresh outputs. Throws a RangeError on an index out of range. Where `results` are
 * given, the epilogue sees those.
 */
export function runReference(
  kernel: Kernel,
  inputs: readonly TypedArray[],
  results?: TypedArray,
): TypedArray[] {
  if (kernel.kind === "scatterAdd") {
    const { target, value, dtype } = kernel;
    const out = array(dtype, kernel.length);
    for (const index of indices(kernel.shape)) {
      const to = evaluate(kernel.index, index, inputs);
      if (to < 0 || to >= target.axisSize) throw new RangeError(`${to}`);
      if (!inside(target.map, index)) continue;
      const at = place(target.map, index) + to * target.axisStride;
      out[at] = round(dtype, binary("add", dtype, out[at]!, evaluate(value, index, inputs)));
    }
    return [out];
  }
  const outputs = kernel.outputs.map((output) => array(output.dtype, sizeOf(kernel.shape)));
  const lines = kernel.kind === "dot" ? linesOf(kernel) : null;
  let position = 0;
  for (const index of indices(kernel.shape)) {
    let result = 0;
    if (results) {
      result = results[position]!;
    } else if (kernel.kind === "reduce") {
      const values: number[] = [];
      for (const rest of indices(kernel.reduced))
        values.push(evaluate(kernel.value, [...index, ...rest], inputs));
      result = round(kernel.value.dtype, fold(kernel.op, kernel.value.dtype, values));
    } else if (kernel.kind === "dot") {
      const { a, b, dtype } = kernel;
      const batch = index.slice(0, -2);
      const [i, j] = index.slice(-2) as [number, number];
      const row = lines!.rows[i]!;
      const column = lines!.columns[j]!;
      const offset = (at: readonly number[], strides: readonly number[]): number =>
        at.reduce((sum, n, axis) => sum + n * strides[axis]!, 0);
      const startA = a.offset + offset(batch, a.batch) + offset(row, a.row);
      const startB = b.offset + offset(batch, b.batch) + offset(column, b.column);
      for (const step of lines!.steps) {
        const x = inputs[a.input]![startA + offset(step, a.column)]!;
        const y = inputs[b.input]![startB + offset(step, b.row)]!;
        result = dtype === "int32" ? (result + Math.imul(x, y)) | 0 : result + x * y;
      }
      result = round(dtype, result);
    } else if (kernel.kind === "gather") {
      const { source } = kernel;
      const from = evaluate(kernel.index, index, inputs);
      if (from < 0 || from >= source.axisSize) throw new RangeError(`${from}`);
      if (inside(source.map, index)) {
        result = inputs[source.input]![place(source.map, index) + from * source.axisStride]!;
      }
    }
    kernel.outputs.forEach((output, i) => {
      outputs[i]![position] = evaluate(output, index, inputs, result);
    });
    position++;
  }
  return outputs;
}

/** The indices along the axes of each row, column and step of a product. */
const linesOf = ({ m, n, k }: DotKernel): Record<"rows" | "columns" | "steps", (readonly number[])[]> => ({
  rows: [...indices(m)],
  columns: [...indices(n)],
  steps: [...indices(k)],
});
