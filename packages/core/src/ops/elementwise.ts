import { floatOf, isFloat, type Dtype } from "../dtype.ts";
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

/** 1/(1 + e⁻ˣ); the derivative σ(1 − σ) is taken from the value, where the quotient's would be 0·∞. */
export function sigmoid(x: Node): Node {
  const from = toFloat(x);
  const one = like(from, 1);
  const value = g.div(one, g.add(one, g.exp(g.neg(from))));
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
  const value = g.max(x, like(x, 0));
  if (!isFloat(x.dtype)) return value;
  return g.custom(value, [x], (upstream, y) => [g.where(g.eq(y, like(y, 0)), like(upstream, 0), upstream)]);
}

/** Numerators and denominators of AS 241, highest power first, for the three ranges of its argument. */
const quantile = {
  centre: [
    [
      2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
      1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.387132872796366608,
    ],
    [
      5.226495278852545925e3, 2.8729085735721942674e4, 3.930789580009271061e4, 2.1213794301586595867e4,
      5.394196021424751108e3, 6.871870074920579083e2, 4.2313330701600911252e1, 1,
    ],
  ],
  middle: [
    [
      7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.4178072517745061177e-1, 1.27045825245236838258,
      3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
    ],
    [
      1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2, 1.4810397642748007459e-1,
      6.8976733498510000455e-1, 1.6763848301838038494, 2.05319162663775882187, 1,
    ],
  ],
  tail: [
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3,
      2.6532189526576123093e-2, 2.9656057182850489123e-1, 1.7848265399172913358, 5.4637849111641143699,
      6.6579046435011037772,
    ],
    [
      2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
      1.48753612908506148525e-2, 1.3692988092273580531e-1, 5.9983220655588793769e-1, 1,
    ],
  ],
} as const;

const polynomial = (x: Node, coefficients: readonly number[]): Node =>
  coefficients.reduce<Node | null>(
    (sum, c) => (sum === null ? like(x, c) : g.add(g.mul(sum, x), like(x, c))),
    null,
  )!;

const ratio = (x: Node, [over, under]: readonly (readonly number[])[]): Node =>
  g.div(polynomial(x, over!), polynomial(x, under!));

/**
 * The inverse of erf on (−1, 1), ±∞ at its ends and NaN outside. Wichura, "Algorithm AS 241: the percentage points
 * of the normal distribution", 1988, by erf⁻¹(x) = Φ⁻¹((x + 1)/2)/√2.
 */
export function erfinv(x: Node): Node {
  const from = toFloat(x);
  const size = abs(from);
  const q = g.mul(from, like(from, 0.5));
  const centre = g.mul(q, ratio(g.sub(like(q, 0.180625), g.mul(q, q)), quantile.centre));
  const r = g.sqrt(g.neg(g.log(g.mul(g.sub(like(size, 1), size), like(size, 0.5)))));
  const middle = ratio(g.sub(r, like(r, 1.6)), quantile.middle);
  const tail = ratio(g.sub(r, like(r, 5)), quantile.tail);
  const outer = g.mul(g.where(g.lt(like(r, 5), r), tail, middle), sign(from));
  const inside = g.mul(g.where(g.lt(like(size, 0.85), size), outer, centre), like(from, Math.SQRT1_2));
  const value = g.where(g.eq(size, like(size, 1)), g.mul(from, like(from, Infinity)), inside);
  const slope = Math.sqrt(Math.PI) / 2;
  return g.custom(value, [from], (upstream, y) => [
    g.mul(upstream, g.mul(like(y, slope), g.exp(g.mul(y, y)))),
  ]);
}
