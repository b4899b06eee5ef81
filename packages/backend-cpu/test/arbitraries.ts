import type { BinaryOp, Dtype, Expression, IndexMap, Range, TypedArray, UnaryOp } from "@chainrule/core";
import { dtypes } from "@chainrule/core";
import * as fc from "fast-check";
import { array } from "./reference.ts";

export const dtype: fc.Arbitrary<Dtype> = fc.constantFrom(...dtypes);

const extremes = [0, -0, NaN, Infinity, -Infinity, 1, -1, 1e30, -3e9, 1e-40];
/** Values whose sums in another order differ by rounding alone. */
export const summable = [0, -0, 1, -1, 0.5];

/** The elements of one buffer: ordinary, extreme and special values. */
export const elements = (
  dtype: Dtype,
  length: number,
  special: readonly number[] = extremes,
): fc.Arbitrary<TypedArray> => {
  const value =
    dtype === "bool"
      ? fc.integer({ min: 0, max: 1 })
      : dtype === "uint8"
        ? fc.integer({ min: 0, max: 255 })
        : dtype === "int32"
          ? fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer())
          : fc.oneof(
              { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
              { weight: 1, arbitrary: fc.constantFrom(...special) },
            );
  return fc.array(value, { minLength: length, maxLength: length }).map((values) => array(dtype, values));
};

export const shape = (maxRank = 4, maxSize = 5): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: maxSize }), { maxLength: maxRank });

/** A map into a buffer of at least `needed` elements. */
export interface Mapped {
  readonly map: IndexMap;
  readonly needed: number;
}

/** Permuted, broadcast, flipped, stepped and masked maps that stay inside their buffer wherever they are unmasked. */
export const indexMap = (shape: readonly number[], allowMask = true): fc.Arbitrary<Mapped> =>
  fc
    .record({
      order: fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: shape.length, maxLength: shape.length },
      ),
      how: fc.array(fc.constantFrom("plain", "plain", "plain", "broadcast", "flip", "step"), {
        minLength: shape.length,
        maxLength: shape.length,
      }),
      masked: allowMask ? fc.integer({ min: 0, max: 3 }).map((n) => n === 0) : fc.constant(false),
      bounds: fc.array(fc.tuple(fc.integer({ min: -1, max: 6 }), fc.integer({ min: -1, max: 6 })), {
        minLength: shape.length,
        maxLength: shape.length,
      }),
      inOrder: fc.boolean(),
    })
    .map(({ order, how, masked, bounds, inOrder }) => {
      const mask = masked
        ? bounds.map(([a, b], axis): Range =>
            a === b ? [0, shape[axis]!] : [Math.min(a, b), Math.max(a, b)],
          )
        : null;
      const strides = shape.map(() => 0);
      let stride = 1;
      const axes = inOrder ? shape.map((_, axis) => axis) : order;
      for (const axis of axes.toReversed()) {
        if (how[axis] === "broadcast") continue;
        const step = how[axis] === "step" ? 2 : 1;
        strides[axis] = (how[axis] === "flip" ? -1 : 1) * stride * step;
        stride *= shape[axis]! * step;
      }
      let low = 0;
      let high = 0;
      let empty = false;
      shape.forEach((size, axis) => {
        const from = Math.max(0, mask?.[axis]![0] ?? 0);
        const to = Math.min(size, mask?.[axis]![1] ?? size);
        if (to <= from) empty = true;
        const [x, y] = [from * strides[axis]!, (to - 1) * strides[axis]!];
        low += Math.min(x, y);
        high += Math.max(x, y);
      });
      if (empty) return { map: { offset: -3, strides, mask }, needed: 1 };
      return { map: { offset: -low, strides, mask }, needed: high - low + 1 };
    });

/** An expression and the buffers it reads. */
export interface Program {
  readonly outputs: Expression[];
  readonly inputs: Dtype[];
  readonly lengths: number[];
}

const floatUnary: UnaryOp[] = ["neg", "exp", "log", "sin", "cos", "sqrt", "floor", "tanh", "log1p", "expm1"];
const anyBinary: BinaryOp[] = ["add", "mul", "max", "lt", "eq"];

/** Random graphs of expressions: each step takes operands among those made before, so that they are shared. */
export const program = (
  shape: readonly number[],
  options: { count?: number; result?: Dtype; steps?: number; outputs?: number } = {},
): fc.Arbitrary<Program> =>
  fc
    .record({
      loads: fc.array(fc.tuple(dtype, indexMap(shape)), { minLength: 1, maxLength: 3 }),
      key: fc.option(indexMap(shape)),
      steps: fc.array(
        fc.record({
          kind: fc.constantFrom(
            "unary",
            "binary",
            "binary",
            "binary",
            "where",
            "cast",
            "const",
            "index",
            "valid",
          ),
          pick: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
          dtype,
          map: indexMap(shape),
          value: fc.constantFrom(0, 1, -1, 2, 0.1, -0, 3.7, 200, Infinity, NaN),
        }),
        { maxLength: options.steps ?? 12 },
      ),
      outputs: fc.array(fc.nat(), { minLength: options.outputs ?? 1, maxLength: options.outputs ?? 3 }),
    })
    .map(({ loads, key, steps, outputs }) => {
      const inputs: Dtype[] = [];
      const lengths: number[] = [];
      const made: Expression[] = [];
      for (const [dtype, { map, needed }] of loads) {
        made.push({ kind: "load", dtype, input: inputs.length, map });
        inputs.push(dtype);
        lengths.push(needed);
      }
      if (key) {
        made.push({ kind: "random", dtype: "int32", input: inputs.length, map: key.map });
        inputs.push("int32");
        lengths.push(2);
      }
      if (options.result) made.push({ kind: "result", dtype: options.result });
      const cast = (x: Expression, dtype: Dtype): Expression =>
        x.dtype === dtype ? x : { kind: "cast", dtype, x };
      for (const step of steps) {
        const [x, y, z] = step.pick.map((n) => made[n % made.length]!) as [
          Expression,
          Expression,
          Expression,
        ];
        const isFloat = x.dtype === "float32" || x.dtype === "float64";
        switch (step.kind) {
          case "unary": {
            const op = isFloat ? floatUnary[step.pick[1] % floatUnary.length]! : "neg";
            made.push({ kind: "unary", dtype: x.dtype, op, x });
            if (x.dtype === "bool") made.pop();
            break;
          }
          case "binary": {
            const ops: BinaryOp[] =
              x.dtype === "bool"
                ? anyBinary
                : isFloat
                  ? [...anyBinary, "div", "mod", "pow"]
                  : [...anyBinary, "mod", "div"];
            const op = ops[step.pick[2] % ops.length]!;
            const compares = op === "lt" || op === "eq";
            made.push({ kind: "binary", dtype: compares ? "bool" : x.dtype, op, x, y: cast(y, x.dtype) });
            break;
          }
          case "where":
            made.push({ kind: "where", dtype: x.dtype, condition: cast(z, "bool"), x, y: cast(y, x.dtype) });
            break;
          case "cast":
            made.push(cast(x, step.dtype));
            break;
          case "const":
            made.push({
              kind: "const",
              dtype: step.dtype,
              value: step.dtype.startsWith("float") ? step.value : Math.trunc(Math.abs(step.value)) & 255,
            });
            break;
          case "index":
            made.push({ kind: "index", dtype: "int32", map: step.map.map });
            break;
          case "valid":
            made.push({ kind: "valid", dtype: "bool", map: step.map.map });
            break;
        }
      }
      return {
        outputs: outputs.map((n) => made[made.length - 1 - (n % Math.min(made.length, 4))]!),
        inputs,
        lengths,
      };
    });

/** Contents for the buffers of a program. */
export const contents = (
  inputs: readonly Dtype[],
  lengths: readonly number[],
  special?: readonly number[],
): fc.Arbitrary<TypedArray[]> => fc.tuple(...inputs.map((dtype, i) => elements(dtype, lengths[i]!, special)));

/** The same programs reading the buffers from number `by` on, sharing what they shared. */
export function rebase(outputs: readonly Expression[], by: number): Expression[] {
  const done = new Map<Expression, Expression>();
  const visit = (e: Expression): Expression => {
    const known = done.get(e);
    if (known) return known;
    const moved = { ...e } as Record<string, unknown>;
    for (const part of ["x", "y", "condition"]) if (part in e) moved[part] = visit(moved[part] as Expression);
    if ("input" in e) moved["input"] = e.input + by;
    done.set(e, moved as unknown as Expression);
    return moved as unknown as Expression;
  };
  return outputs.map(visit);
}
