import type { DotKernel } from "@chainrule/core";
import * as op from "./wasm/opcodes.ts";

/** The instructions of a product in one dtype. */
export interface Arithmetic {
  readonly size: 4 | 8;
  /** Elements in a vector. */
  readonly lanes: 2 | 4;
  readonly splat: number;
  readonly add: number;
  readonly mul: number;
  /** Fused, or 0. */
  readonly madd: number;
}

export function arithmeticOf(dtype: DotKernel["dtype"], isRelaxed: boolean): Arithmetic {
  if (dtype === "float64") {
    const madd = isRelaxed ? op.f64x2madd : 0;
    return { size: 8, lanes: 2, splat: op.load64Splat, add: op.f64x2add, mul: op.f64x2mul, madd };
  }
  const isFloat = dtype === "float32";
  return {
    size: 4,
    lanes: 4,
    splat: op.load32Splat,
    add: isFloat ? op.f32x4add : op.i32x4add,
    mul: isFloat ? op.f32x4mul : op.i32x4mul,
    madd: isFloat && isRelaxed ? op.f32x4madd : 0,
  };
}
