import { type BinaryOp, type Dtype, type UnaryOp, undefinedFor } from "@chainrule/core";
import { demote, promote, toDoubles, wrap } from "./conversions.ts";
import { elementary, power } from "./elementary.ts";
import { joinMasks, type Lanes, partsOf, splitMask } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Operation } from "./vectors.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

const compares = (name: string): boolean => name === "lt" || name === "eq";

/** An operation that is one instruction for each vector. */
const simple = (target: Target, name: string, dtype: Dtype): Operation | undefined =>
  (target[dtype] as Partial<Record<string, Operation>>)[name];

const toByte = ({ int32 }: Target, x: Local): Local => int32.and(x, 255);

/** `op` on operands of `dtype`, rounded as that dtype needs. */
export function unary(target: Target, name: UnaryOp, dtype: Dtype, x: Lanes): Lanes {
  const isFloat = dtype === "float32" || dtype === "float64";
  if (!isFloat && name === "floor" && dtype !== "bool") return x;
  if (!isFloat && (name !== "neg" || dtype === "bool")) return undefinedFor("wasm", name, dtype);
  const write = simple(target, name, dtype);
  if (write === undefined) return elementary(target, name, dtype as "float32" | "float64", x);
  const result = x.map((part) => write(part));
  return dtype === "uint8" ? [toByte(target, result[0]!)] : result;
}

/** `op` on operands of `dtype`, rounded as that dtype needs; comparisons give a mask. */
export function binary(target: Target, name: BinaryOp, dtype: Dtype, x: Lanes, y: Lanes): Lanes {
  const write = simple(target, name, dtype);
  if (write !== undefined) {
    const result = x.map((part, i) => write(part, y[i]!));
    if (compares(name) && dtype === "float64") return [joinMasks(target.f, result)];
    return dtype === "uint8" && !compares(name) ? [toByte(target, result[0]!)] : result;
  }
  if (dtype === "bool") return undefinedFor("wasm", name, dtype);
  if (dtype === "float32" || dtype === "float64") return power(target, name as "pow" | "mod", dtype, x, y);
  const result = integer(target, name as "div" | "mod" | "pow", x[0]!, y[0]!);
  return [dtype === "uint8" ? toByte(target, result) : result];
}

/** Whole numbers divide as float64: the quotient of two int32 numbers, truncated, is exact there. */
function integer(target: Target, name: "div" | "mod" | "pow", x: Local, y: Local): Local {
  const { int32: i, float64: d } = target;
  if (name === "pow") return integerPower(target, x, y);
  const divisor = toDoubles(target, y);
  const quotient = wrap(
    target,
    toDoubles(target, x).map((part, at) => d.div(part, divisor[at]!)),
  );
  if (name === "div") return quotient;
  const rest = i.sub(x, i.mul(quotient, y));
  const isWrong = i.and(i.lt(i.xor(rest, y), 0), i.ne(rest, 0));
  return i.and(i.add(rest, i.and(isWrong, y)), i.ne(y, 0));
}

/** Powers modulo 2³² by squaring; a negative exponent gives the truncated fraction. */
function integerPower({ f, int32: i }: Target, x: Local, y: Local): Local {
  const [power, base, rest] = [i.or(1, 1), i.or(x, x), i.max(y, 0)];
  const isOdd = (exponent: Local): Local => i.eq(i.and(exponent, 1), 1);
  f.raw(op.loop, 0x40);
  f.set(power, i.select(i.mul(power, base), power, isOdd(rest)));
  f.set(base, i.mul(base, base));
  f.set(rest, f.v(op.i32x4shrU, rest, 1));
  f.push(rest);
  f.raw(op.anyTrue);
  f.raw(op.brIf, 0);
  f.raw(op.end);
  const isUnit = i.or(i.eq(x, 1), i.eq(x, -1));
  const fraction = i.and(isUnit, i.select(x, 1, isOdd(y)));
  return i.select(fraction, power, i.lt(y, 0));
}

/** Conversion of a value of one dtype into another. */
export function cast(target: Target, from: Dtype, to: Dtype, x: Lanes): Lanes {
  const { f } = target;
  if (from === to) return x;
  const [low] = x as readonly [Local];
  if (from === "bool") {
    // The bits of 1 where the mask is set.
    const masks = partsOf(to) === 1 ? x : splitMask(f, low);
    return masks.map((mask) => target[to].and(mask, 1));
  }
  switch (to) {
    case "bool": {
      const masks = x.map((part) => target[from].ne(part, 0));
      return from === "float64" ? [joinMasks(f, masks)] : masks;
    }
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
