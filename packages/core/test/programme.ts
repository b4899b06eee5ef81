import { cumsum, ChainruleError, concat, IndexError, stack, type Tensor, where } from "@chainrule/core";
import * as fc from "fast-check";

/** An instruction of a random programme: an operation on two earlier values, and numbers that it may use. */
export interface Instruction {
  readonly op: string;
  readonly a: number;
  readonly b: number;
  readonly n: number;
}

/** Values stay this small, so that a thousand programmes run in seconds. */
const maxSize = 160;
const maxRank = 4;

type Operation = (x: Tensor, y: Tensor, n: number) => Tensor;

const axisOf = (x: Tensor, n: number): number => n % x.rank;
const pairs = (x: Tensor, axis: number, pair: [number, number]): [number, number][] =>
  x.shape.map((_, i): [number, number] => (i === axis ? pair : [0, 0]));
const merged = (x: Tensor): Tensor => x.reshape(x.size === 0 ? 0 : -1, x.shape.at(-1)!);
/** Whole numbers that index an axis of `count`. */
function indicesFor(x: Tensor, count: number): Tensor {
  if (count === 0) throw new IndexError("an empty axis has no index");
  return x.cast("int32").mod(count);
}

const unary = [
  "neg",
  "abs",
  "exp",
  "tanh",
  "floor",
  "relu",
  "sigmoid",
  "sin",
  "sign",
  "square",
  "stopGradient",
] as const;
const binary = ["add", "sub", "mul", "maximum", "minimum", "less", "equal", "div", "mod"] as const;

/** Operands that do not broadcast meet as their sums. */
const together =
  (op: (typeof binary)[number]): Operation =>
  (x, y) => {
    const fits = x.shape.every((size, i) => {
      const other = y.shape[y.rank - x.rank + i] ?? 1;
      return size === other || size === 1 || other === 1;
    });
    return fits ? x[op](y) : x[op](y.sum());
  };

const operations: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(unary.map((op): [string, Operation] => [op, (x) => x[op]()])),
  ...Object.fromEntries(binary.map((op): [string, Operation] => [op, together(op)])),
  sqrt: (x) => x.abs().sqrt(),
  where: (x, y, n) => where(x.less(n / 4), x, together("mul")(x, y, n)),
  cast: (x, _, n) => x.cast((["float32", "int32", "uint8", "bool", "float32"] as const)[n % 5]!),
  permute: (x, _, n) => x.permute(...[...x.shape.keys()].map((axis) => (axis + n) % x.rank)),
  flip: (x, _, n) => x.flip(axisOf(x, n)),
  slice: (x, _, n) => x.slice(...x.shape.map((size, i) => [i % 2, size, 1 + (n % 2)] as const)),
  backwards: (x, _, n) => x.slice([null, null, -1 - (n % 3)]),
  first: (x) => x.slice(0),
  pad: (x, _, n) => x.pad(pairs(x, axisOf(x, n), [n % 3, 1]), n % 2),
  flatten: (x) => x.flatten(),
  split: (x) => (x.size % 2 === 0 ? x.reshape(2, x.size / 2) : x.reshape(x.size, 1)),
  expand: (x, _, n) => x.expandDims(axisOf(x, n)).broadcastTo([2, ...x.shape]),
  repeat: (x, _, n) => x.repeat(2, axisOf(x, n)),
  concat: (x, y, n) => (x.shape.join() === y.shape.join() ? concat([x, y], axisOf(x, n)) : concat([x, x, x])),
  stack: (x, y, n) => stack(x.shape.join() === y.shape.join() ? [x, y, x] : [x, x.neg()], n % (x.rank + 1)),
  braid: (x, _, n) => {
    const parts = x.split(2, axisOf(x, n)).map((part, i) => (i % 2 === 0 ? part : part.add(part)));
    return concat([...parts, parts[0]!], axisOf(x, n));
  },
  tril: (x, _, n) => x.tril((n % 3) - 1),
  sum: (x, _, n) => x.sum(axisOf(x, n)),
  total: (x) => x.sum(),
  centre: (x, _, n) => x.sub(x.mean(axisOf(x, n), { keepDims: true })),
  max: (x, _, n) => x.max(axisOf(x, n), { keepDims: true }),
  prod: (x, _, n) => x.prod(axisOf(x, n)),
  argmax: (x, _, n) => x.argmax(axisOf(x, n)),
  softmax: (x, _, n) => x.softmax(axisOf(x, n)),
  logSumExp: (x, _, n) => x.logSumExp(axisOf(x, n)),
  cumsum: (x, _, n) => cumsum(x, axisOf(x, n)),
  gram: (x) => merged(x).T.matmul(merged(x)),
  matmul: (x, y) => x.matmul(y.T),
  take: (x, y, n) => x.take(indicesFor(y.flatten(), x.shape[axisOf(x, n)]!).slice([0, 3]), axisOf(x, n)),
  gather: (x, _, n) => x.gather(indicesFor(x, x.shape[axisOf(x, n)]!), axisOf(x, n)),
  scatter: (x, _, n) => x.scatterAdd(indicesFor(x, x.shape[axisOf(x, n)]!), x, axisOf(x, n)),
  gradient: (x, y) => x.sum().gradient(y)[0]!,
};

const instruction: fc.Arbitrary<Instruction> = fc.record({
  op: fc.constantFrom(...Object.keys(operations)),
  a: fc.nat(9),
  b: fc.nat(9),
  n: fc.nat(11),
});

export const programmes: fc.Arbitrary<Instruction[]> = fc.array(instruction, { minLength: 1, maxLength: 14 });

/** Shapes of the two inputs, some without elements and some without axes. */
export const inputShapes: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }) },
);

/**
 * All values of a programme, the newest last. An instruction that its operands do not admit is left out; that depends
 * on shapes and dtypes alone, so it is the same at every run.
 */
export function execute(programme: readonly Instruction[], inputs: readonly Tensor[]): Tensor[] {
  const values = [...inputs];
  for (const { op, a, b, n } of programme) {
    const x = values[values.length - 1 - (a % values.length)]!;
    const y = values[values.length - 1 - (b % values.length)]!;
    try {
      const value = operations[op]!(x, y, n);
      if (value.size <= maxSize && value.rank <= maxRank) values.push(value);
    } catch (error) {
      if (!(error instanceof ChainruleError)) throw error;
    }
  }
  return values;
}
