import {
  foldOperator,
  undefinedFor,
  type BinaryOp,
  type Dtype,
  type ReduceOp,
  type UnaryOp,
} from "@chainrule/core";
import {
  identity,
  infix,
  math,
  named,
  operation,
  toFloat32,
  toInt32,
  toUint8,
  type Operation,
} from "./operation.ts";
import { helpers } from "./special.ts";

type Row<Op extends string> = Readonly<Record<Op, Operation>>;

const { erf, pow, ipow, mod, imod, threefry, inRange } = helpers;

const floatUnary: Row<UnaryOp> = {
  neg: operation(
    (x) => `(-${x})`,
    (x) => -x,
  ),
  exp: math("exp"),
  log: math("log"),
  sin: math("sin"),
  cos: math("cos"),
  sqrt: math("sqrt"),
  floor: math("floor"),
  tanh: math("tanh"),
  erf: named("erf", erf),
  log1p: math("log1p"),
  expm1: math("expm1"),
};

const comparisons: Row<"max" | "lt" | "eq"> = {
  max: math("max"),
  lt: infix("<", (x, y) => (x < y ? 1 : 0)),
  eq: infix("===", (x, y) => (x === y ? 1 : 0)),
};

const floatBinary: Row<BinaryOp> = {
  ...comparisons,
  add: infix("+", (x, y) => x + y),
  mul: infix("*", (x, y) => x * y),
  div: infix("/", (x, y) => x / y),
  pow: named("pow", pow),
  mod: named("mod", mod),
};

/** The int32 remainder by a power of two, less one. */
export const bitAnd: Operation = infix("&", (x, y) => x & y);

const intBinary: Row<BinaryOp> = {
  ...comparisons,
  add: toInt32(floatBinary.add),
  mul: math("imul"),
  div: toInt32(floatBinary.div),
  pow: named("ipow", ipow),
  mod: named("imod", imod),
};

const or = infix("||", (x, y) => x | y);
export const and: Operation = infix("&&", (x, y) => x & y);

const boolBinary: Readonly<Partial<Record<BinaryOp, Operation>>> = {
  add: or,
  mul: and,
  max: or,
  lt: operation(
    (x, y) => `(!${x}&&${y})`,
    (x, y) => (1 - x) & y,
  ),
  eq: comparisons.eq,
};

/** A number as a truth value. */
export const toBool: Operation = operation(
  (x) => `(${x}!==0)`,
  (x) => (x !== 0 ? 1 : 0),
);
/** A truth value as the number 0 or 1. */
export const fromBool: Operation = operation(
  (x) => `(${x}?1:0)`,
  (x) => x,
);

/** Operations whose exact result on float32 or uint8 operands needs no rounding. */
const exact: ReadonlySet<string> = new Set(["neg", "floor", "max", "lt", "eq"]);

/** `op` on operands of `dtype`, rounded as that dtype needs. */
export function unaryOperation(op: UnaryOp, dtype: Dtype): Operation {
  if (dtype === "float64") return floatUnary[op];
  if (dtype === "float32") return exact.has(op) ? floatUnary[op] : toFloat32(floatUnary[op]);
  if (dtype !== "bool" && op === "floor") return identity;
  if (dtype !== "bool" && op === "neg") return (dtype === "int32" ? toInt32 : toUint8)(floatUnary.neg);
  return undefinedFor("cpu", op, dtype);
}

/** `op` on operands of `dtype`, rounded as that dtype needs. */
export function binaryOperation(op: BinaryOp, dtype: Dtype): Operation {
  switch (dtype) {
    case "float64":
      return floatBinary[op];
    case "float32":
      return exact.has(op) ? floatBinary[op] : toFloat32(floatBinary[op]);
    case "int32":
      return intBinary[op];
    case "uint8":
      return exact.has(op) ? intBinary[op] : toUint8(intBinary[op]);
    case "bool":
      return boolBinary[op] ?? undefinedFor("cpu", op, dtype);
  }
}

/** Conversion of a value of one dtype into another. */
export function castOperation(from: Dtype, to: Dtype): Operation {
  if (from === to) return identity;
  if (from === "bool") return fromBool;
  if (to === "bool") return toBool;
  if (to === "uint8") return toUint8(identity);
  // Neither a uint8 nor what becomes a float64 changes.
  if (from === "uint8" || to === "float64") return identity;
  return (to === "int32" ? toInt32 : toFloat32)(identity);
}

/** How a reduction folds: floats accumulate in float64 and round once at the end, uint8 accumulates in int32. */
export function foldOperation(op: ReduceOp, dtype: Dtype): Operation {
  return binaryOperation(
    foldOperator(op),
    dtype === "float32" ? "float64" : dtype === "uint8" ? "int32" : dtype,
  );
}

/** What `foldOperation` gathered, as a value of `dtype`. */
export function foldResult(dtype: Dtype): Operation {
  return dtype === "float32" ? toFloat32(identity) : dtype === "uint8" ? toUint8(identity) : identity;
}

/** Word 0 of Threefry under the key (x, y) at counter (z, 0). */
export const random: Operation = named("threefry", threefry);

/** Throws unless x is an index of an axis of y elements. */
export const checked: Operation = named("inRange", inRange);

/** Tests of a position. */
export const below: Operation = comparisons.lt;
export const atLeast: Operation = infix(">=", (x, y) => (x >= y ? 1 : 0));

/** Arithmetic on positions, in int32, so that V8 needs no overflow checks. */
export const position: Row<"add" | "subtract" | "multiply" | "divide" | "remainder" | "least"> = {
  add: intBinary.add,
  subtract: toInt32(infix("-", (x, y) => x - y)),
  multiply: intBinary.mul,
  divide: intBinary.div,
  remainder: toInt32(infix("%", (x, y) => x % y)),
  least: math("min"),
};
