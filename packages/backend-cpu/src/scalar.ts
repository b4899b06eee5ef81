import { DtypeError, type BinaryOp, type Dtype, type ReduceOp, type UnaryOp } from "@chainrule/core";
import { operation, type Operation } from "./emitter.ts";
import { helpers } from "./special.ts";

const { erf, pow, ipow, mod, imod, threefry, inRange } = helpers;

const identity: Operation = operation(
  (x) => x,
  (x) => x,
);

const floatUnary: Readonly<Record<UnaryOp, Operation>> = {
  neg: operation(
    (x) => `(-${x})`,
    (x) => -x,
  ),
  exp: operation(
    (x) => `Math.exp(${x})`,
    (x) => Math.exp(x),
  ),
  log: operation(
    (x) => `Math.log(${x})`,
    (x) => Math.log(x),
  ),
  sin: operation(
    (x) => `Math.sin(${x})`,
    (x) => Math.sin(x),
  ),
  cos: operation(
    (x) => `Math.cos(${x})`,
    (x) => Math.cos(x),
  ),
  sqrt: operation(
    (x) => `Math.sqrt(${x})`,
    (x) => Math.sqrt(x),
  ),
  floor: operation(
    (x) => `Math.floor(${x})`,
    (x) => Math.floor(x),
  ),
  tanh: operation(
    (x) => `Math.tanh(${x})`,
    (x) => Math.tanh(x),
  ),
  erf: operation((x) => `erf(${x})`, erf),
  log1p: operation(
    (x) => `Math.log1p(${x})`,
    (x) => Math.log1p(x),
  ),
  expm1: operation(
    (x) => `Math.expm1(${x})`,
    (x) => Math.expm1(x),
  ),
};

const max: Operation = operation(
  (x, y) => `Math.max(${x},${y})`,
  (x, y) => Math.max(x, y),
);
const lt: Operation = operation(
  (x, y) => `(${x}<${y})`,
  (x, y) => (x < y ? 1 : 0),
);
const eq: Operation = operation(
  (x, y) => `(${x}===${y})`,
  (x, y) => (x === y ? 1 : 0),
);

const floatBinary: Readonly<Record<BinaryOp, Operation>> = {
  add: operation(
    (x, y) => `(${x}+${y})`,
    (x, y) => x + y,
  ),
  mul: operation(
    (x, y) => `(${x}*${y})`,
    (x, y) => x * y,
  ),
  div: operation(
    (x, y) => `(${x}/${y})`,
    (x, y) => x / y,
  ),
  pow: operation((x, y) => `pow(${x},${y})`, pow),
  max,
  mod: operation((x, y) => `mod(${x},${y})`, mod),
  lt,
  eq,
};

const intBinary: Readonly<Record<BinaryOp, Operation>> = {
  add: operation(
    (x, y) => `(${x}+${y}|0)`,
    (x, y) => (x + y) | 0,
  ),
  mul: operation(
    (x, y) => `Math.imul(${x},${y})`,
    (x, y) => Math.imul(x, y),
  ),
  div: operation(
    (x, y) => `(${x}/${y}|0)`,
    (x, y) => (x / y) | 0,
  ),
  pow: operation((x, y) => `ipow(${x},${y})`, ipow),
  max,
  mod: operation((x, y) => `imod(${x},${y})`, imod),
  lt,
  eq,
};

const or: Operation = operation(
  (x, y) => `(${x}||${y})`,
  (x, y) => x | y,
);
export const and: Operation = operation(
  (x, y) => `(${x}&&${y})`,
  (x, y) => x & y,
);

const boolBinary: Readonly<Partial<Record<BinaryOp, Operation>>> = {
  add: or,
  mul: and,
  max: or,
  lt: operation(
    (x, y) => `(!${x}&&${y})`,
    (x, y) => (1 - x) & y,
  ),
  eq,
};

const toFloat32 = ({ text, call }: Operation): Operation =>
  operation(
    (x, y, z) => `Math.fround(${text(x, y, z)})`,
    (x, y, z) => Math.fround(call(x, y, z)),
  );
const toUint8 = ({ text, call }: Operation): Operation =>
  operation(
    (x, y, z) => `(${text(x, y, z)}&255)`,
    (x, y, z) => call(x, y, z) & 255,
  );
const toInt32 = ({ text, call }: Operation): Operation =>
  operation(
    (x, y, z) => `(${text(x, y, z)}|0)`,
    (x, y, z) => call(x, y, z) | 0,
  );
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

/** Operations whose exact result on float32 values is a float32 value. */
const exact: ReadonlySet<string> = new Set(["neg", "floor", "max", "lt", "eq"]);

function undefinedFor(op: string, dtype: Dtype): never {
  throw new DtypeError(`cpu: ${op} is not defined for ${dtype}; cast the operands first`);
}

/** `op` on operands of `dtype`, rounded as that dtype needs. */
export function unaryOperation(op: UnaryOp, dtype: Dtype): Operation {
  if (dtype === "float64") return floatUnary[op];
  if (dtype === "float32") return exact.has(op) ? floatUnary[op] : toFloat32(floatUnary[op]);
  if (dtype !== "bool" && op === "floor") return identity;
  if (dtype !== "bool" && op === "neg") return (dtype === "int32" ? toInt32 : toUint8)(floatUnary.neg);
  return undefinedFor(op, dtype);
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
      return boolBinary[op] ?? undefinedFor(op, dtype);
  }
}

/** Conversion of a value of one dtype into another. */
export function castOperation(from: Dtype, to: Dtype): Operation {
  if (from === to) return identity;
  if (from === "bool") return fromBool;
  switch (to) {
    case "bool":
      return toBool;
    case "uint8":
      return toUint8(identity);
    case "int32":
      return from === "uint8" ? identity : toInt32(identity);
    case "float32":
      return from === "uint8" ? identity : toFloat32(identity);
    case "float64":
      return identity;
  }
}

/** How a reduction folds: floats accumulate in float64 and round once at the end, uint8 accumulates in int32. */
export function foldOperation(op: ReduceOp, dtype: Dtype): Operation {
  const name = op === "sum" ? "add" : op === "prod" ? "mul" : "max";
  return binaryOperation(name, dtype === "float32" ? "float64" : dtype === "uint8" ? "int32" : dtype);
}

/** The fold of nothing. */
export function foldIdentity(op: ReduceOp, dtype: Dtype): number {
  if (op !== "max") return op === "sum" ? 0 : 1;
  return dtype === "int32" ? -(2 ** 31) : dtype === "uint8" || dtype === "bool" ? 0 : -Infinity;
}

/** What `foldOperation` gathered, as a value of `dtype`. */
export function foldResult(dtype: Dtype): Operation {
  return dtype === "float32" ? toFloat32(identity) : dtype === "uint8" ? toUint8(identity) : identity;
}

/** Word 0 of Threefry under the key (x, y) at counter (z, 0). */
export const random: Operation = operation((x, y, z) => `threefry(${x},${y},${z})`, threefry);

/** Throws unless x is an index of an axis of y elements. */
export const checked: Operation = operation((x, y) => `inRange(${x},${y})`, inRange);

export const below: Operation = lt;
export const atLeast: Operation = operation(
  (x, y) => `(${x}>=${y})`,
  (x, y) => (x >= y ? 1 : 0),
);
