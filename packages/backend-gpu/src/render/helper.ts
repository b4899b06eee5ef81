/** What gpu.js calls the types of values inside a kernel. */
export type ValueType = "Float" | "Integer";

/** A function that kernels may call by name. */
export interface Helper {
  readonly returns: ValueType;
  readonly takes: readonly ValueType[];
}

export type HelperName =
  | "whole"
  | "quotient"
  | "remainder"
  | "within"
  | "toFloat"
  | "toIndex"
  | "masked"
  | "choose"
  | "guard"
  | "neg"
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "sqrt"
  | "floor"
  | "tanh"
  | "erf"
  | "log1p"
  | "expm1"
  | "add"
  | "mul"
  | "div"
  | "pow"
  | "max"
  | "mod"
  | "lt"
  | "eq"
  | "intNeg"
  | "intAdd"
  | "intMul"
  | "intDiv"
  | "intMod"
  | "intPow"
  | "intLt"
  | "intEq"
  | "wrap"
  | "truncate"
  | "truth"
  | "or"
  | "and"
  | "less";

const signature = (returns: ValueType, ...takes: ValueType[]): Helper => ({ returns, takes });
const float1 = signature("Float", "Float");
const float2 = signature("Float", "Float", "Float");

/**
 * The functions that kernels are made of, each written once as JavaScript (`scriptHelpers`) and once as GLSL
 * (`shaderHelpers`). Elements of every dtype are floats here: whole numbers, bool as 0 and 1. An int32 of 2²⁴ or more
 * has no exact float, so that operations that would give one give NaN, which is refused when it is read.
 */
export const helpers: Readonly<Record<HelperName, Helper>> = {
  whole: signature("Integer", "Integer"),
  quotient: signature("Integer", "Integer", "Integer"),
  remainder: signature("Integer", "Integer", "Integer"),
  within: signature("Integer", "Integer", "Integer", "Integer"),
  toFloat: signature("Float", "Integer"),
  toIndex: signature("Integer", "Float"),
  masked: signature("Float", "Integer", "Float"),
  choose: signature("Float", "Float", "Float", "Float"),
  guard: signature("Float", "Float", "Integer", "Float"),

  neg: float1,
  exp: float1,
  log: float1,
  sin: float1,
  cos: float1,
  sqrt: float1,
  floor: float1,
  tanh: float1,
  erf: float1,
  log1p: float1,
  expm1: float1,

  add: float2,
  mul: float2,
  div: float2,
  pow: float2,
  max: float2,
  mod: float2,
  lt: float2,
  eq: float2,

  intNeg: float1,
  intAdd: float2,
  intMul: float2,
  intDiv: float2,
  intMod: float2,
  intPow: float2,
  intLt: float2,
  intEq: float2,

  wrap: float1,
  truncate: float1,
  truth: float1,
  or: float2,
  and: float2,
  less: float2,
};

/** The name of a helper inside a kernel, where JavaScript's and GLSL's own names must not be met. */
export const nameOf = (helper: HelperName): string => `cr_${helper}`;
