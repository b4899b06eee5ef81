/**
 * A scalar operation, written twice: as JavaScript text for the code generator, and as a function for places where
 * text may not be compiled. A truth value is a JavaScript boolean in text and 0 or 1 in functions.
 */
export interface Operation {
  readonly text: (x: string, y: string, z: string) => string;
  readonly call: Call;
}

type Call = (x: number, y: number, z: number) => number;

/** Names of functions of `Math` with one or two operands. */
type MathName =
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "sqrt"
  | "floor"
  | "tanh"
  | "log1p"
  | "expm1"
  | "fround"
  | "max"
  | "min"
  | "imul";

/** An operation from its two forms. */
export const operation = (text: Operation["text"], call: Call): Operation => ({ text, call });

/** An operator between two operands. */
export const infix = (operator: string, call: Call): Operation =>
  operation((x, y) => `(${x}${operator}${y})`, call);

/** A function that text can call by this name. */
export const named = (name: string, call: Call): Operation =>
  operation((...operands) => `${name}(${operands.slice(0, call.length).join()})`, call);

/** A function of `Math`. */
export const math = (name: MathName): Operation => named(`Math.${name}`, Math[name]);

/** The operand as it is. */
export const identity: Operation = operation(
  (x) => x,
  (x) => x,
);

/** `outer` of `inner`. */
const after = (outer: Operation, { text, call }: Operation): Operation =>
  operation(
    (x, y, z) => outer.text(text(x, y, z), "", ""),
    (x, y, z) => outer.call(call(x, y, z), 0, 0),
  );

const fround = math("fround");
const wrap32 = operation(
  (x) => `(${x}|0)`,
  (x) => x | 0,
);
const wrap8 = operation(
  (x) => `(${x}&255)`,
  (x) => x & 255,
);

/** The result rounded to float32. */
export const toFloat32 = (inner: Operation): Operation => after(fround, inner);

/** The result truncated and wrapped to 32 bits. */
export const toInt32 = (inner: Operation): Operation => after(wrap32, inner);

/** The result truncated and wrapped to 8 bits. */
export const toUint8 = (inner: Operation): Operation => after(wrap8, inner);
