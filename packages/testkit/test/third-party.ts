import type {
  Backend,
  BackendPlugin,
  BinaryOp,
  Dtype,
  Expression,
  IndexMap,
  Kernel,
  TypedArray,
  UnaryOp,
} from "@chainrule/core";
import { reference } from "../src/index.ts";

/*
 * A backend as a third party would begin one: the public contract, one element after another, nothing clever.
 */

type Run = (buffers: readonly TypedArray[]) => void;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

const unary: Readonly<Record<UnaryOp, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sin: Math.sin,
  cos: Math.cos,
  sqrt: Math.sqrt,
  floor: Math.floor,
  tanh: Math.tanh,
  erf: reference.erf,
  log1p: Math.log1p,
  expm1: Math.expm1,
};

const binary: Readonly<Record<BinaryOp, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  pow: Math.pow,
  max: Math.max,
  mod: (x, y) => x - y * Math.floor(x / y),
  lt: (x, y) => Number(x < y),
  eq: (x, y) => Number(x === y),
};

function round(value: number, dtype: Dtype): number {
  if (dtype === "float32") return Math.fround(value);
  if (dtype === "int32") return value | 0;
  if (dtype === "uint8") return value & 255;
  return dtype === "bool" ? Number(value !== 0) : value;
}

const placeOf = ({ offset, strides }: IndexMap, index: readonly number[]): number =>
  strides.reduce((place, stride, axis) => place + stride * index[axis]!, offset);

const isInside = ({ mask }: IndexMap, index: readonly number[]): boolean =>
  mask === null || mask.every(([low, high], axis) => index[axis]! >= low && index[axis]! < high);

function* indices(shape: readonly number[]): Generator<number[]> {
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const index = shape.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    yield index.toReversed();
  }
}

/** An expression at an index; `result` is what the kernel found for it. */
function evaluate(
  node: Expression,
  index: readonly number[],
  buffers: readonly TypedArray[],
  result: number,
): number {
  const of = (operand: Expression): number => evaluate(operand, index, buffers, result);
  switch (node.kind) {
    case "const":
      return node.value;
    case "result":
      return result;
    case "load":
      return isInside(node.map, index) ? buffers[node.input]![placeOf(node.map, index)]! : 0;
    case "index":
      return isInside(node.map, index) ? placeOf(node.map, index) : 0;
    case "valid":
      return Number(isInside(node.map, index));
    case "random":
      throw new Error("this backend draws no random numbers");
    case "cast":
      return round(Number.isFinite(of(node.x)) || node.dtype === "float32" ? of(node.x) : 0, node.dtype);
    case "unary":
      return round(unary[node.op](of(node.x)), node.dtype);
    case "binary":
      return round(binary[node.op](of(node.x), of(node.y)), node.dtype);
    case "where":
      return of(node.condition) === 0 ? of(node.y) : of(node.x);
  }
}

/** The row-major index number `position` of a shape. */
function indexAt(position: number, shape: readonly number[]): number[] {
  let rest = position;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .toReversed();
}

/** What a kernel finds at an index, before its outputs are computed from it. */
function resultAt(kernel: Kernel, index: readonly number[], buffers: readonly TypedArray[]): number {
  switch (kernel.kind) {
    case "reduce": {
      const { op, reduced, value } = kernel;
      const fold = binary[op === "sum" ? "add" : op === "prod" ? "mul" : "max"];
      let folded = op === "max" ? -Infinity : op === "sum" ? 0 : 1;
      for (const inner of indices(reduced))
        folded = fold(folded, evaluate(value, [...index, ...inner], buffers, 0));
      return round(folded, value.dtype);
    }
    case "dot": {
      const { a, b, m, n, k } = kernel;
      const [i, j] = index.slice(-2);
      const outer = index.slice(0, -2);
      const row = indexAt(i!, m);
      const column = indexAt(j!, n);
      let sum = 0;
      for (const step of indices(k)) {
        const left = placeOf({ ...a, strides: [...a.batch, ...a.row, ...a.column], mask: null }, [
          ...outer,
          ...row,
          ...step,
        ]);
        const right = placeOf({ ...b, strides: [...b.batch, ...b.row, ...b.column], mask: null }, [
          ...outer,
          ...step,
          ...column,
        ]);
        sum += buffers[a.input]![left]! * buffers[b.input]![right]!;
      }
      return round(sum, kernel.dtype);
    }
    case "gather": {
      const { source } = kernel;
      const position = evaluate(kernel.index, index, buffers, 0);
      return buffers[source.input]![placeOf(source.map, index) + position * source.axisStride]!;
    }
    default:
      return 0;
  }
}

function compile(kernel: Kernel): Run {
  const first = kernel.inputs.length;
  if (kernel.kind === "scatterAdd") {
    return (buffers) => {
      const sums = new Float64Array(kernel.length);
      for (const index of indices(kernel.shape)) {
        const position = evaluate(kernel.index, index, buffers, 0);
        const place = placeOf(kernel.target.map, index) + position * kernel.target.axisStride;
        sums[place]! += evaluate(kernel.value, index, buffers, 0);
      }
      buffers[first]!.set(sums);
    };
  }
  return (buffers) => {
    const written = kernel.outputs.map((): number[] => []);
    for (const index of indices(kernel.shape)) {
      const result = resultAt(kernel, index, buffers);
      kernel.outputs.forEach((output, i) => written[i]!.push(evaluate(output, index, buffers, result)));
    }
    written.forEach((values, i) => buffers[first + i]!.set(values));
  };
}

const naive: Backend<TypedArray, Run> = {
  name: "naive",
  mode: "one element after another",
  threads: 1,
  capabilities: {
    dtypes: ["bool", "uint8", "int32", "float32"],
    synchronousReads: false,
    maxOutputs: 3,
    maxElements: 2 ** 20,
  },
  alloc: (length, dtype) => new arrays[dtype](length),
  free: () => {},
  write: (buffer, data) => buffer.set(data),
  read: (buffer) => Promise.resolve(buffer.slice()),
  compile,
  run: (run, buffers) => run(buffers),
  dispose: () => {},
};

/** What a third party's package would export. */
export const plugin: BackendPlugin = { name: "naive", create: () => naive };
