import { floatOf, isFloat } from "../dtype.ts";
import { DtypeError, OptionError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { align, commonDtype, type Input } from "./broadcast.ts";

const toFloat = (x: Node): Node => g.cast(x, floatOf(x.dtype));
const like = g.constantLike;

export function add(x: Input, y: Input): Node {
  const [a, b] = align("add", [x, y]);
  return g.add(a!, b!);
}

export function sub(x: Input, y: Input): Node {
  const [a, b] = align("sub", [x, y]);
  if (a!.dtype === "bool")
    throw new DtypeError("sub: bool has no difference; use notEqual, or cast to int32 first");
  return g.sub(a!, b!);
}

export function mul(x: Input, y: Input): Node {
  const [a, b] = align("mul", [x, y]);
  return g.mul(a!, b!);
}

/** True division: integers become float32. */
export function div(x: Input, y: Input): Node {
  const [a, b] = align("div", [x, y], floatOf(commonDtype([x, y])));
  return g.div(a!, b!);
}

/** The remainder with the divisor's sign, x − ⌊x/y⌋·y. */
export function mod(x: Input, y: Input): Node {
  const [a, b] = align("mod", [x, y]);
  if (a!.dtype === "bool") throw new DtypeError("mod: takes numbers, not bool; cast to int32 first");
  return g.mod(a!, b!);
}

/** x·x·… by squaring, exact for integers. */
function powerOf(x: Node, exponent: number): Node {
  if (exponent === 0) return like(x, 1);
  const half = powerOf(x, Math.floor(exponent / 2));
  const squared = g.mul(half, half);
  return exponent % 2 === 1 ? g.mul(squared, x) : squared;
}

/** xʸ; the small constant exponents that have an exact form take it. */
export function pow(x: Input, y: Input): Node {
  if (typeof y === "number" && typeof x === "object") {
    if (y === 1) return x;
    if (y === 2 || y === 3) return powerOf(x, y);
    if (y === 0.5) return sqrt(x);
    if (y === -1) return reciprocal(x);
    if (!isFloat(x.dtype) && Number.isInteger(y) && y >= 0 && y < 64) return powerOf(x, y);
  }
  const [a, b] = align("pow", [x, y], floatOf(commonDtype([x, y])));
  return g.pow(a!, b!);
}

export function neg(x: Node): Node {
  if (x.dtype === "bool")
    throw new DtypeError("neg: bool has no negative; use logicalNot, or cast to int32 first");
  return g.neg(x);
}

export const reciprocal = (x: Node): Node => div(1, x);
export const square = (x: Node): Node => g.mul(x, x);
export const sqrt = (x: Node): Node => g.sqrt(toFloat(x));
export const rsqrt = (x: Node): Node => reciprocal(sqrt(x));
export const exp = (x: Node): Node => g.exp(toFloat(x));
export const log = (x: Node): Node => g.log(toFloat(x));
export const log1p = (x: Node): Node => g.log1p(toFloat(x));
export const expm1 = (x: Node): Node => g.expm1(toFloat(x));
export const sin = (x: Node): Node => g.sin(toFloat(x));
export const cos = (x: Node): Node => g.cos(toFloat(x));
export const tanh = (x: Node): Node => g.tanh(toFloat(x));
export const erf = (x: Node): Node => g.erf(toFloat(x));

export function maximum(x: Input, y: Input): Node {
  const [a, b] = align("maximum", [x, y]);
  return g.max(a!, b!);
}

/** −max(−x, −y), so that ties and NaN behave as in `maximum`; integers by ~x = −1 − x, which cannot overflow. */
export function minimum(x: Input, y: Input): Node {
  const [a, b] = align("minimum", [x, y]);
  return mirror(g.max(mirror(a!), mirror(b!)));
}

/** The order-reversing map that each dtype has without loss; its own inverse. */
export function mirror(x: Node): Node {
  if (isFloat(x.dtype)) return g.neg(x);
  if (x.dtype === "bool") return g.not(x);
  return g.add(g.neg(x), like(x, -1));
}

export function equal(x: Input, y: Input): Node {
  const [a, b] = align("equal", [x, y]);
  return g.eq(a!, b!);
}

export const notEqual = (x: Input, y: Input): Node => g.not(equal(x, y));

export function less(x: Input, y: Input): Node {
  const [a, b] = align("less", [x, y]);
  return g.lt(a!, b!);
}

/** x < y or x = y: not the negation of y < x, which NaN would make true. */
export function lessEqual(x: Input, y: Input): Node {
  const [a, b] = align("lessEqual", [x, y]);
  return g.max(g.lt(a!, b!), g.eq(a!, b!));
}

export const greater = (x: Input, y: Input): Node => less(y, x);
export const greaterEqual = (x: Input, y: Input): Node => lessEqual(y, x);

const truth = (operation: string, inputs: readonly Input[]): Node[] =>
  align(operation, inputs.map(toBool), "bool");
const toBool = (x: Input): Input => (typeof x === "object" ? g.cast(x, "bool") : Boolean(x));

export function logicalAnd(x: Input, y: Input): Node {
  const [a, b] = truth("logicalAnd", [x, y]);
  return g.mul(a!, b!);
}

export function logicalOr(x: Input, y: Input): Node {
  const [a, b] = truth("logicalOr", [x, y]);
  return g.max(a!, b!);
}

export const logicalNot = (x: Node): Node => g.not(g.cast(x, "bool"));

export const isNaN = (x: Node): Node =>
  isFloat(x.dtype) ? g.not(g.eq(x, x)) : g.constant(0, x.shape, "bool");
export const isInf = (x: Node): Node =>
  isFloat(x.dtype) ? g.eq(abs(x), like(x, Infinity)) : g.constant(0, x.shape, "bool");
export const isFinite = (x: Node): Node =>
  isFloat(x.dtype) ? g.lt(abs(x), like(x, Infinity)) : g.constant(1, x.shape, "bool");

/** x where the condition holds, else y. */
export function where(condition: Input, x: Input, y: Input): Node {
  const dtype = commonDtype([x, y]);
  const [c, a, b] = align("where", [condition, x, y], dtype);
  const [test] = align("where", [toBool(condition), c!], "bool");
  return g.where(test!, a!, b!);
}

/** |x|, which turns −0 into 0; slope 0 at 0. */
export const abs = (x: Node): Node => (x.dtype === "bool" || x.dtype === "uint8" ? x : g.max(x, g.neg(x)));

/** −1, 0 or 1; 0 for NaN. */
export function sign(x: Node): Node {
  if (x.dtype === "bool") return x;
  const positive = g.cast(g.lt(like(x, 0), x), x.dtype);
  return g.sub(positive, g.cast(g.lt(x, like(x, 0)), x.dtype));
}

export const floor = (x: Node): Node => (isFloat(x.dtype) ? g.floor(x) : x);
export const ceil = (x: Node): Node => (isFloat(x.dtype) ? g.neg(g.floor(g.neg(x))) : x);
export const trunc = (x: Node): Node =>
  isFloat(x.dtype) ? g.where(g.lt(x, like(x, 0)), ceil(x), g.floor(x)) : x;

/** To the nearest whole number, halves to the even one (IEEE 754 roundTiesToEven). */
export function round(x: Node): Node {
  if (!isFloat(x.dtype)) return x;
  const low = g.floor(x);
  const high = g.add(low, like(x, 1));
  const rest = g.sub(x, low);
  const tie = g.where(g.eq(g.mod(low, like(x, 2)), like(x, 0)), low, high);
  const nearest = g.where(g.lt(like(x, 0.5), rest), high, g.where(g.eq(rest, like(x, 0.5)), tie, low));
  // What rounds to zero keeps its sign.
  return g.where(g.eq(nearest, like(x, 0)), g.mul(x, like(x, 0)), nearest);
}

/** min(max(x, low), high); the slope is 1 on [low, high] with its ends and 0 outside, as PyTorch's clamp. */
export function clip(x: Node, low: number | undefined, high: number | undefined): Node {
  if (low === undefined && high === undefined) {
    throw new OptionError("clip: give a lower bound, an upper bound or both");
  }
  const dtype = commonDtype([x, ...(low === undefined ? [] : [low]), ...(high === undefined ? [] : [high])]);
  const from = g.cast(x, dtype);
  let value = from;
  if (low !== undefined) value = maximum(value, low);
  if (high !== undefined) value = minimum(value, high);
  if (!isFloat(dtype)) return value;
  return g.custom(g.stopGradient(value), [from], (upstream) => {
    let inside: Node | null = low === undefined ? null : lessEqual(low, from);
    if (high !== undefined) {
      const below = lessEqual(from, high);
      inside = inside === null ? below : g.mul(inside, below);
    }
    return [g.where(inside!, upstream, like(upstream, 0))];
  });
}

/**
 * 1/(1 + e⁻ˣ), below 0 as eˣ/(1 + eˣ), so that no power overflows; the derivative σ(1 − σ) is taken from the value,
 * where the quotient's would be 0·∞.
 */
export function sigmoid(x: Node): Node {
  const from = toFloat(x);
  const one = like(from, 1);
  const isNegative = g.lt(from, like(from, 0));
  const power = g.exp(g.where(isNegative, from, g.neg(from)));
  const value = g.div(g.where(isNegative, power, one), g.add(one, power));
  return g.custom(value, [from], (upstream, y) => [g.mul(upstream, g.mul(y, g.sub(one, y)))]);
}

/** max(x, 0) + ln(1 + e^−|x|), that is ln(1 + eˣ) without overflow; its derivative is σ(x). */
export function softplus(x: Node): Node {
  const from = toFloat(x);
  const value = g.add(g.max(from, like(from, 0)), g.log1p(g.exp(g.neg(abs(from)))));
  return g.custom(value, [from], (upstream) => [g.mul(upstream, sigmoid(from))]);
}

export const logSigmoid = (x: Node): Node => g.neg(softplus(g.neg(toFloat(x))));

/** max(x, 0); the slope at 0 is 0, and NaN passes. */
export function relu(x: Node): Node {
  if (x.dtype === "bool" || x.dtype === "uint8") return x;
  const value = g.where(g.lt(x, like(x, 0)), like(x, 0), x);
  if (!isFloat(x.dtype)) return value;
  return g.custom(value, [x], (upstream, y) => [g.where(g.eq(y, like(y, 0)), like(upstream, 0), upstream)]);
}
