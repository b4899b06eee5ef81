import { DtypeError, type BinaryOp, type Dtype, type UnaryOp } from "@chainrule/core";
import type { HelperName } from "./helper.ts";
import type { Writer } from "./writer.ts";

const integers: Readonly<Record<BinaryOp, HelperName>> = {
  add: "intAdd",
  mul: "intMul",
  div: "intDiv",
  pow: "intPow",
  max: "max",
  mod: "intMod",
  lt: "intLt",
  eq: "intEq",
};

const truths: Readonly<Partial<Record<BinaryOp, HelperName>>> = {
  add: "or",
  mul: "and",
  max: "or",
  lt: "less",
  eq: "eq",
};

function refuse(op: string, dtype: Dtype): never {
  throw new DtypeError(
    dtype === "float64"
      ? `gpu: ${op} in float64, which this backend does not compute; cast to float32 or use the cpu or wasm backend`
      : `gpu: ${op} is not defined for ${dtype}; cast the operands first`,
  );
}

/** Throws a DtypeError for float64. */
export function checkDtype(dtype: Dtype): void {
  if (dtype === "float64") refuse("a kernel", dtype);
}

export function unary(writer: Writer, op: UnaryOp, dtype: Dtype, x: string): string {
  if (dtype === "float32") return writer.call(op, x);
  if (dtype !== "bool" && dtype !== "float64") {
    if (op === "floor") return x;
    if (op === "neg")
      return dtype === "int32" ? writer.call("intNeg", x) : writer.call("wrap", writer.call("neg", x));
  }
  return refuse(op, dtype);
}

/** `op` on operands of `dtype`. */
export function binary(writer: Writer, op: BinaryOp, dtype: Dtype, x: string, y: string): string {
  switch (dtype) {
    case "float32":
      if (writer.target.isSingle && (op === "add" || op === "mul"))
        return `(${x} ${op === "add" ? "+" : "*"} ${y})`;
      return writer.call(op, x, y);
    case "int32":
      return writer.call(integers[op], x, y);
    case "uint8": {
      const result = writer.call(integers[op], x, y);
      return op === "max" || op === "lt" || op === "eq" ? result : writer.call("wrap", result);
    }
    case "bool":
      return writer.call(truths[op] ?? refuse(op, dtype), x, y);
    default:
      return refuse(op, dtype);
  }
}

export function cast(writer: Writer, from: Dtype, to: Dtype, x: string): string {
  checkDtype(from);
  checkDtype(to);
  // A bool or a uint8 is the same number in all of them, and so is an int32 that a float holds.
  if (from === to || from === "bool" || to === "float32") return x;
  if (to === "bool") return writer.call("truth", x);
  const whole = from === "float32" ? writer.call("truncate", x) : x;
  return to === "uint8" ? writer.call("wrap", whole) : whole;
}
