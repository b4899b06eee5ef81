import { DtypeError, type BinaryOp, type Dtype, type UnaryOp } from "@chainrule/core";
import { demote, promote, select, toDoubles, wrap } from "./conversions.ts";
import { elementary, power } from "./elementary.ts";
import { constant, joinMasks, type Lanes, partsOf, splitMask } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

type Simple = Readonly<Record<string, number>>;

const float32: Simple = {
  neg: op.f32x4neg,
  sqrt: op.f32x4sqrt,
  floor: op.f32x4floor,
  add: op.f32x4add,
  mul: op.f32x4mul,
  div: op.f32x4div,
  max: op.f32x4max,
  lt: op.f32x4lt,
  eq: op.f32x4eq,
};
const float64: Simple = {
  neg: op.f64x2neg,
  sqrt: op.f64x2sqrt,
  floor: op.f64x2floor,
  add: op.f64x2add,
  mul: op.f64x2mul,
  div: op.f64x2div,
  max: op.f64x2max,
  lt: op.f64x2lt,
  eq: op.f64x2eq,
};
const int: Simple = {
  neg: op.i32x4neg,
  add: op.i32x4add,
  mul: op.i32x4mul,
  max: op.i32x4maxS,
  lt: op.i32x4ltS,
  eq: op.i32x4eq,
};
const bool: Simple = { add: op.vor, mul: op.vand, max: op.vor, eq: op.i32x4eq, lt: op.i32x4gtS };

const tables: Readonly<Record<Dtype, Simple>> = { float32, float64, int32: int, uint8: int, bool };

const compares = (name: string): boolean => name === "lt" || name === "eq";

function undefinedFor(name: string, dtype: Dtype): never {
  throw new DtypeError(`wasm: ${name} is not defined for ${dtype}; cast the operands first`);
}

const toByte = ({ f }: Target, x: Local): Local => f.v(op.vand, x, f.i32(255));

/** `op` on operands of `dtype`, rounded as that dtype needs. */
export function unary(target: Target, name: UnaryOp, dtype: Dtype, x: Lanes): Lanes {
  const { f } = target;
  const isFloat = dtype === "float32" || dtype === "float64";
  if (!isFloat && name === "floor" && dtype !== "bool") return x;
  if (!isFloat && (name !== "neg" || dtype === "bool")) return undefinedFor(name, dtype);
  const code = tables[dtype][name];
  if (code === undefined) return elementary(target, name, dtype as "float32" | "float64", x);
  const result = x.map((part) => f.v(code, part));
  return dtype === "uint8" ? [toByte(target, result[0]!)] : result;
}

/** `op` on operands of `dtype`, rounded as that dtype needs; comparisons give a mask. */
export function binary(target: Target, name: BinaryOp, dtype: Dtype, x: Lanes, y: Lanes): Lanes {
  const { f } = target;
  if (dtype === "bool" && name === "lt") return [f.v(op.vandnot, y[0]!, x[0]!)];
  const code = tables[dtype][name];
  if (code !== undefined) {
    const result = x.map((part, i) => f.v(code, part, y[i]!));
    if (compares(name) && dtype === "float64") return [joinMasks(f, result)];
    return dtype === "uint8" && !compares(name) ? [toByte(target, result[0]!)] : result;
  }
  if (dtype === "bool") return undefinedFor(name, dtype);
  if (dtype === "float32" || dtype === "float64") return power(target, name as "pow" | "mod", dtype, x, y);
  const result = integer(target, name as "div" | "mod" | "pow", x[0]!, y[0]!);
  return [dtype === "uint8" ? toByte(target, result) : result];
}

/** Whole numbers divide as float64: the quotient of two int32 numbers, truncated, is exact there. */
function integer(target: Target, name: "div" | "mod" | "pow", x: Local, y: Local): Local {
  const { f } = target;
  if (name === "pow") return integerPower(target, x, y);
  const divisor = toDoubles(target, y);
  const quotient = wrap(
    target,
    toDoubles(target, x).map((part, i) => f.v(op.f64x2div, part, divisor[i]!)),
  );
  if (name === "div") return quotient;
  const rest = f.v(op.i32x4sub, x, f.v(op.i32x4mul, quotient, y));
  const differs = f.v(op.i32x4ltS, f.v(op.vxor, rest, y), f.i32(0));
  const isWrong = f.v(op.vand, differs, f.v(op.i32x4ne, rest, f.i32(0)));
  const result = f.v(op.i32x4add, rest, f.v(op.vand, isWrong, y));
  return f.v(op.vand, result, f.v(op.i32x4ne, y, f.i32(0)));
}

/** Powers modulo 2³² by squaring; a negative exponent gives the truncated fraction. */
function integerPower({ f }: Target, x: Local, y: Local): Local {
  const one = f.i32(1);
  const [power, base, rest] = [f.v(op.vor, one, one), f.v(op.vor, x, x), f.v(op.i32x4maxS, y, f.i32(0))];
  const negative = f.v(op.i32x4ltS, y, f.i32(0));
  f.raw(op.loop, 0x40);
  const isOdd = f.v(op.i32x4eq, f.v(op.vand, rest, one), one);
  f.set(power, select(f, isOdd, [f.v(op.i32x4mul, power, base)], [power])[0]);
  f.set(base, f.v(op.i32x4mul, base, base));
  f.set(rest, f.v(op.i32x4shrU, rest, 1));
  f.push(rest);
  f.raw(op.anyTrue);
  f.raw(op.brIf, 0);
  f.raw(op.end);
  const odd = f.v(op.i32x4eq, f.v(op.vand, y, one), one);
  const minusOne = f.i32(-1);
  const isUnit = f.v(op.vor, f.v(op.i32x4eq, x, one), f.v(op.i32x4eq, x, minusOne));
  const unit = select(f, odd, [x], [one])[0]!;
  const fraction = f.v(op.vand, isUnit, unit);
  return select(f, negative, [fraction], [power])[0]!;
}

/** Conversion of a value of one dtype into another. */
export function cast(target: Target, from: Dtype, to: Dtype, x: Lanes): Lanes {
  const { f } = target;
  if (from === to) return x;
  const [low] = x as readonly [Local];
  if (from === "bool")
    return partsOf(to) === 1 ? [f.v(op.vand, low, constant(f, to, 1)[0]!)] : masked(target, low);
  switch (to) {
    case "bool":
      if (from === "float64")
        return [
          joinMasks(
            f,
            x.map((part) => f.v(op.f64x2ne, part, f.f64(0))),
          ),
        ];
      return [f.v(from === "float32" ? op.f32x4ne : op.i32x4ne, low, f.i32(0))];
    case "uint8":
      return [toByte(target, cast(target, from, "int32", x)[0]!)];
    case "int32":
      if (from === "uint8") return x;
      return [wrap(target, from === "float32" ? promote(target, low) : x)];
    case "float32":
      return [from === "float64" ? demote(target, x) : f.v(op.toFloat32, low)];
    case "float64":
      return from === "float32" ? promote(target, low) : toDoubles(target, low);
  }
}

/** Masks as 0 and 1 in float64. */
const masked = ({ f }: Target, mask: Local): Lanes => {
  const one = f.f64(1);
  return splitMask(f, mask).map((part) => f.v(op.vand, part, one));
};
