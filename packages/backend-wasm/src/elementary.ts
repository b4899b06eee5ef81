import type { UnaryOp } from "@chainrule/core";
import { demote, promote } from "./conversions.ts";
import type { Lanes } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Vectors } from "./vectors.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { f64, v128 } from "./wasm/types.ts";

type Floats = Vectors["float32"];

/** Σ coefficients[i]·x^(n − i). */
const polynomial = ({ madd }: Floats, x: Local, coefficients: readonly number[]): Local =>
  (coefficients as readonly (Local | number)[]).reduce((sum, c) => madd(sum, x, c)) as Local;

/** Calls a function of the host for each lane: float64 is for checks, which want the host's last digit. */
function byHost({ f, module }: Target, name: string, operands: readonly Lanes[]): Lanes {
  const callable = module.import(
    name,
    operands.map(() => f64),
    f64,
  );
  return operands[0]!.map((_, part) => {
    const [low, high] = [0, 1].map((lane) => {
      for (const operand of operands) {
        f.push(operand[part]!);
        f.raw(op.f64x2extract, lane);
      }
      return f.call(callable)!;
    });
    f.push(f.v(op.f64x2splat, low!), high!);
    f.raw(op.f64x2replace, 1);
    return f.bind(v128);
  });
}

/** Adding it to a number of much smaller size rounds that to a whole one, which is then in the low bits of the sum. */
const magic32 = 1.5 * 2 ** 23;
const magic64 = 1.5 * 2 ** 52;

/** x within ±limit, or between the two, and NaN where it is that: these instructions give their first operand then. */
const clamp = ({ pmin, pmax }: Floats, x: Local, limit: number, lowest = -limit): Local =>
  pmax(pmin(x, limit), lowest);

/** eˣ: x = n·ln 2 + r, and a polynomial in r; in two factors of 2, so that subnormal results are right. */
function exp32(target: Target, argument: Local): Local {
  const { f, float32: s, int32: i } = target;
  const x = clamp(s, argument, 89, -105);
  const sum = s.madd(x, Math.LOG2E, magic32);
  const n = s.sub(sum, magic32);
  const r = s.madd(n, -1.428606765330187e-6, s.madd(n, -0.693145751953125, x));
  const tail = polynomial(s, r, [0.00019852762, 0.0013930436, 0.008333361, 0.041666485, 0.16666667, 0.5]);
  const power = s.add(s.madd(s.mul(r, r), tail, r), 1);
  const whole = i.sub(sum, f.f32(magic32));
  const half = f.v(op.i32x4shrS, whole, 1);
  const twoTo = (exponent: Local): Local => i.add(f.v(op.i32x4shl, exponent, 23), f.f32(1));
  return s.mul(s.mul(power, twoTo(half)), twoTo(i.sub(whole, half)));
}

/** tanh: a polynomial near 0, from 1 − 2 / (e²ˣ + 1) beyond. */
function tanh32(target: Target, x: Local): Local {
  const { float32: s } = target;
  const size = s.abs(x);
  const square = s.mul(x, x);
  const tail = polynomial(
    s,
    square,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const near = s.madd(s.mul(square, x), tail, x);
  const far = s.sub(1, s.div(2, s.add(exp32(target, s.add(size, size)), 1)));
  const signed = s.or(far, s.and(x, -0));
  return s.select(near, signed, s.lt(size, 0.625));
}

/** eˣ in float64 to 13 digits, for x in ±200 or NaN. */
function exp64(target: Target, x: Local): Local {
  const { f, float64: d } = target;
  const sum = d.madd(x, Math.LOG2E, magic64);
  const n = d.sub(sum, magic64);
  const r = d.madd(n, -1.9082149292705877e-10, d.madd(n, -0.6931471803691238, x));
  const factorials = [3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1];
  const power = polynomial(
    d,
    r,
    factorials.map((factorial) => 1 / factorial),
  );
  // 2ⁿ by its exponent; the magic number's own bits leave the low ones alone.
  return d.mul(power, f.v(op.i64x2add, f.v(op.i64x2shl, sum, 52), f.f64(1)));
}

/** log u for positive finite u; where `minusOne` is given it is u − 1 before rounding, which counts near 1. */
function log64(target: Target, u: Local, minusOne?: Local): Local {
  const { f, float64: x } = target;
  const root = f.f64(Math.SQRT1_2);
  const bits = f.v(op.i64x2sub, u, root);
  const exponent = f.v(op.i64x2shrS, bits, 52);
  const e = x.sub(f.v(op.i64x2add, exponent, f.f64(magic64)), magic64);
  // Bits below those of the exponent.
  const fraction = f.v(op.i64x2shrU, f.v(op.i64x2shl, bits, 12), 12);
  let d = x.sub(f.v(op.i64x2add, fraction, root), 1);
  if (minusOne) d = x.select(minusOne, d, x.eq(e, 0));
  const s = x.div(d, x.add(d, 2));
  // K. C. Ng's coefficients, as in FreeBSD's e_log.c.
  const tail = polynomial(
    x,
    x.mul(s, s),
    [
      1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1, 2.222219843214978396e-1,
      2.857142874366239149e-1, 3.99999999994094191e-1, 6.66666666666673513e-1, 2,
    ],
  );
  return x.madd(e, Math.LN2, x.mul(s, tail));
}

/** A float32 function by way of float64, where nothing needs care for the last digit. */
function widely(target: Target, x: Local, body: (x: Local) => Local): Local {
  return demote(target, promote(target, x).map(body));
}

/** `value` where u is positive and finite, else what a logarithm of u gives there. */
function logAtEdges({ float32: s }: Target, u: Local, value: Local): Local {
  const usual = s.and(s.gt(u, 0), s.lt(u, Infinity));
  // √u is NaN below 0, and u itself where that is NaN or ∞.
  const edge = s.select(-Infinity, s.sqrt(u), s.eq(u, 0));
  return s.select(value, edge, usual);
}

/** x itself where it is ±0, which sums would give the wrong sign. */
const keepZero = ({ float32: s }: Target, x: Local, value: Local): Local => s.select(x, value, s.eq(x, 0));

/** sin, or with `quarter` 1 cos: x = n·π/2 + r; huge numbers go to the host, which knows π to enough digits. */
function sine32(target: Target, name: "sin" | "cos", x: Local): Local {
  const { f, float32: s, float64: d } = target;
  const halves = promote(target, x);
  const sums = halves.map((half) => d.madd(half, 2 / Math.PI, magic64));
  const reduced = halves.map((half, i) => {
    const n = d.sub(sums[i]!, magic64);
    return d.madd(n, -1.589325477352819e-8, d.madd(n, -1.5707963109016418, half));
  });
  const squares = reduced.map((r) => d.mul(r, r));
  // Minimax polynomials of FreeBSD's k_sinf.c and k_cosf.c.
  const sin = squares.map((z, i) => {
    const tail = polynomial(
      d,
      z,
      [2.718311493989822e-6, -0.00019839334836096632, 0.008333329385889463, -0.16666666641626524],
    );
    return d.madd(d.mul(z, reduced[i]!), tail, reduced[i]!);
  });
  const cos = squares.map((z) =>
    polynomial(
      d,
      z,
      [2.439044879627741e-5, -0.001388676377460993, 0.04166662332373906, -0.499999997251031, 1],
    ),
  );
  const turns = f.shuffle(sums[0]!, sums[1]!, [0, 2, 4, 6]);
  const quarter = name === "sin" ? turns : target.int32.add(turns, 1);
  const isOdd = f.v(op.i32x4shrS, f.v(op.i32x4shl, quarter, 31), 31);
  const size = s.select(demote(target, cos), demote(target, sin), isOdd);
  const sign = f.v(op.i32x4shl, f.v(op.i32x4shrU, quarter, 1), 31);
  const result = s.xor(size, sign);
  const isHuge = s.gt(s.abs(x), 1e8);
  f.push(isHuge);
  f.raw(op.anyTrue);
  f.when(() => f.set(result, s.select(demote(target, byHost(target, name, [halves])), result, isHuge)));
  return result;
}

/** erf x / x as a polynomial in x², fitted on |x| ≤ 3.92; beyond that erf is ±1 in float32. */
const erfEnd = 3.92;
const erfCoefficients = [
  0.0003788009508, -0.0009379143766, 0.0006125363165, -0.001050358928, 0.004282949024, -0.008162878997,
  0.01225953099, -0.01962328352, 0.03058619293, -0.04358337182, 0.05817710485, -0.07399038458, 0.09062330814,
  -0.1091818087, 0.1340833558, -0.1801085634, 0.3607368202,
];

function erf32(target: Target, x: Local): Local {
  const { float32: s, float64: d } = target;
  return widely(target, clamp(s, x, erfEnd), (half) => {
    const centred = d.madd(d.mul(half, half), 2 / erfEnd ** 2, -1);
    return d.mul(half, polynomial(d, centred, erfCoefficients));
  });
}

function expm132(target: Target, x: Local): Local {
  const { float32: s, float64: d } = target;
  return widely(target, clamp(s, x, 100), (half) => {
    const far = d.sub(exp64(target, half), 1);
    const near = d.mul(half, d.madd(half, 0.5, 1));
    return d.select(near, far, d.lt(d.abs(half), 1e-5));
  });
}

function unary32(target: Target, name: UnaryOp, x: Local): Local {
  switch (name) {
    case "exp":
      return exp32(target, x);
    case "tanh":
      return keepZero(target, x, tanh32(target, x));
    case "log":
      return logAtEdges(
        target,
        x,
        widely(target, x, (half) => log64(target, half)),
      );
    case "log1p": {
      const log = widely(target, x, (half) => log64(target, target.float64.add(half, 1), half));
      return keepZero(target, x, logAtEdges(target, target.float32.add(x, 1), log));
    }
    case "sin":
      return keepZero(target, x, sine32(target, name, x));
    case "cos":
      return sine32(target, name, x);
    case "erf":
      return keepZero(target, x, erf32(target, x));
    default:
      return keepZero(target, x, expm132(target, x));
  }
}

/** exp, log, sin, cos, tanh, erf, log1p, expm1. */
export function elementary(target: Target, name: UnaryOp, dtype: "float32" | "float64", x: Lanes): Lanes {
  return dtype === "float64" ? byHost(target, name, [x]) : [unary32(target, name, x[0]!)];
}

/** xʸ = e^(y log |x|) in float64, then IEEE 754's rules for signs and edges. */
function power32(target: Target, x: Local, y: Local): Local {
  const { float32: s, float64: d } = target;
  const size = s.abs(x);
  const exponents = promote(target, y);
  const halves = promote(target, size).map((half, i) => {
    const finite = d.select(log64(target, half), half, d.lt(half, Infinity));
    const log = d.select(-Infinity, finite, d.eq(half, 0));
    return exp64(target, clamp(d, d.mul(log, exponents[i]!), 120));
  });
  const isWhole = s.eq(s.floor(y), y);
  const half = s.mul(y, 0.5);
  const isOdd = s.and(isWhole, s.ne(s.floor(half), half));
  // |x| = 1 stays 1 also to the power of ∞, x = 1 also to that of NaN, and anything to that of 0.
  const unit = s.and(s.eq(size, 1), s.eq(y, y));
  const isOne = s.or(s.or(unit, s.eq(x, 1)), s.eq(y, 0));
  const magnitude = s.select(1, demote(target, halves), isOne);
  const sign = s.and(s.and(x, isOdd), -0);
  const negative = s.and(s.lt(x, 0), s.gt(x, -Infinity));
  const isNaN = s.andnot(s.and(negative, s.eq(y, y)), isWhole);
  return s.or(s.xor(magnitude, sign), isNaN);
}

/** Powers, and remainders with the sign of the divisor. */
export function power(
  target: Target,
  name: "pow" | "mod",
  dtype: "float32" | "float64",
  x: Lanes,
  y: Lanes,
): Lanes {
  if (dtype === "float64") return byHost(target, name, [x, y]);
  if (name === "pow") return [power32(target, x[0]!, y[0]!)];
  return [demote(target, byHost(target, name, [promote(target, x[0]!), promote(target, y[0]!)]))];
}
