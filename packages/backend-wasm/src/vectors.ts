import type { Dtype } from "@chainrule/core";
import { constant } from "./lanes.ts";
import type { Func, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

type Bitwise = "and" | "andnot" | "or" | "xor" | "select";
type Mask = Bitwise | "add" | "mul" | "max" | "lt" | "eq" | "ne";
type Int = Mask | "neg" | "sub";
type Float = Int | "abs" | "sqrt" | "floor" | "div" | "gt" | "pmin" | "pmax" | "madd";

const bitwise: Record<Bitwise, number> = {
  and: op.vand,
  andnot: op.vandnot,
  or: op.vor,
  xor: op.vxor,
  select: op.bitselect,
};
const bool: Record<Mask, number> = {
  ...bitwise,
  add: op.vor,
  mul: op.vand,
  max: op.vor,
  // What is true has all its bits set, and so is −1.
  lt: op.i32x4gtS,
  eq: op.i32x4eq,
  ne: op.vxor,
};
const int32: Record<Int, number> = {
  ...bitwise,
  neg: op.i32x4neg,
  add: op.i32x4add,
  sub: op.i32x4sub,
  mul: op.i32x4mul,
  max: op.i32x4maxS,
  lt: op.i32x4ltS,
  eq: op.i32x4eq,
  ne: op.i32x4ne,
};
const float32: Record<Float, number> = {
  ...bitwise,
  neg: op.f32x4neg,
  abs: op.f32x4abs,
  sqrt: op.f32x4sqrt,
  floor: op.f32x4floor,
  add: op.f32x4add,
  sub: op.f32x4sub,
  mul: op.f32x4mul,
  div: op.f32x4div,
  max: op.f32x4max,
  pmin: op.f32x4pmin,
  pmax: op.f32x4pmax,
  lt: op.f32x4lt,
  gt: op.f32x4gt,
  eq: op.f32x4eq,
  ne: op.f32x4ne,
  madd: op.f32x4madd,
};
const float64: Record<Float, number> = {
  ...bitwise,
  neg: op.f64x2neg,
  abs: op.f64x2abs,
  sqrt: op.f64x2sqrt,
  floor: op.f64x2floor,
  add: op.f64x2add,
  sub: op.f64x2sub,
  mul: op.f64x2mul,
  div: op.f64x2div,
  max: op.f64x2max,
  pmin: op.f64x2pmin,
  pmax: op.f64x2pmax,
  lt: op.f64x2lt,
  gt: op.f64x2gt,
  eq: op.f64x2eq,
  ne: op.f64x2ne,
  madd: op.f64x2madd,
};

/** Writes an operation on vectors, in which a number stands for a vector of it. */
export type Operation = (...operands: readonly (Local | number)[]) => Local;

/** Operations of one vector each, named as those of kernels where they are the same: what is not here takes more. */
export interface Vectors {
  readonly bool: Record<Mask, Operation>;
  readonly uint8: Record<Int, Operation>;
  readonly int32: Record<Int, Operation>;
  /** Of which `madd` is x·y + z, in one rounding where the instructions are relaxed. */
  readonly float32: Record<Float, Operation>;
  readonly float64: Record<Float, Operation>;
}

function operations<Name extends string>(f: Func, dtype: Dtype, codes: Record<Name, number>) {
  const vector = (x: Local | number): Local => (typeof x === "number" ? constant(f, dtype, x)[0]! : x);
  const all = {} as Record<Name, Operation>;
  for (const name in codes) all[name] = (...operands) => f.v(codes[name], ...operands.map(vector));
  return all;
}

function floats(f: Func, isRelaxed: boolean, dtype: Dtype, codes: Record<Float, number>) {
  const all = operations(f, dtype, codes);
  if (!isRelaxed) all.madd = (x, y, z) => all.add(all.mul(x, y), z);
  return all;
}

export function vectors(f: Func, isRelaxed: boolean): Vectors {
  const ints = operations(f, "int32", int32);
  return {
    bool: operations(f, "bool", bool),
    uint8: ints,
    int32: ints,
    float32: floats(f, isRelaxed, "float32", float32),
    float64: floats(f, isRelaxed, "float64", float64),
  };
}
