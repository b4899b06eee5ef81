import type { UnaryOp } from "@chainrule/core";
import { demote, promote } from "./conversions.ts";
import type { Lanes } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { f64, v128 } from "./wasm/types.ts";

/** x·y + z, in one rounding where the instructions are relaxed. */
function madd32({ f, instructions }: Target, x: Local, y: Local, z: Local): Local {
  if (instructions === "relaxed") return f.v(op.f32x4madd, x, y, z);
  return f.v(op.f32x4add, f.v(op.f32x4mul, x, y), z);
}

function madd64({ f, instructions }: Target, x: Local, y: Local, z: Local): Local {
  if (instructions === "relaxed") return f.v(op.f64x2madd, x, y, z);
  return f.v(op.f64x2add, f.v(op.f64x2mul, x, y), z);
}

/** Σ coefficients[i]·x^(n − i). */
function polynomial32(target: Target, x: Local, coefficients: readonly number[]): Local {
  const [first, ...rest] = coefficients.map((value) => target.f.f32(value));
  return rest.reduce((sum, c) => madd32(target, sum, x, c), first!);
}

function polynomial64(target: Target, x: Local, coefficients: readonly number[]): Local {
  const [first, ...rest] = coefficients.map((value) => target.f.f64(value));
  return rest.reduce((sum, c) => madd64(target, sum, x, c), first!);
}

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

/** eˣ: x = n·ln 2 + r, and a polynomial in r; in two factors of 2, so that subnormal results are right. */
function exp32(target: Target, argument: Local): Local {
  const { f } = target;
  // The minimum that gives its first operand where that is NaN.
  const x = f.v(op.f32x4pmax, f.v(op.f32x4pmin, argument, f.f32(89)), f.f32(-105));
  const sum = madd32(target, x, f.f32(Math.LOG2E), f.f32(magic32));
  const n = f.v(op.f32x4sub, sum, f.f32(magic32));
  const partial = madd32(target, n, f.f32(-0.693145751953125), x);
  const r = madd32(target, n, f.f32(-1.428606765330187e-6), partial);
  const tail = polynomial32(
    target,
    r,
    [0.00019852762, 0.0013930436, 0.008333361, 0.041666485, 0.16666667, 0.5],
  );
  const power = f.v(op.f32x4add, madd32(target, f.v(op.f32x4mul, r, r), tail, r), f.f32(1));
  const whole = f.v(op.i32x4sub, sum, f.f32(magic32));
  const half = f.v(op.i32x4shrS, whole, 1);
  const twoTo = (exponent: Local): Local => f.v(op.i32x4add, f.v(op.i32x4shl, exponent, 23), f.f32(1));
  const scaled = f.v(op.f32x4mul, power, twoTo(half));
  return f.v(op.f32x4mul, scaled, twoTo(f.v(op.i32x4sub, whole, half)));
}

/** tanh: a polynomial near 0, from 1 − 2 / (e²ˣ + 1) beyond. */
function tanh32(target: Target, x: Local): Local {
  const { f } = target;
  const size = f.v(op.f32x4abs, x);
  const square = f.v(op.f32x4mul, x, x);
  const tail = polynomial32(
    target,
    square,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const near = madd32(target, f.v(op.f32x4mul, square, x), tail, x);
  const power = f.v(op.f32x4add, exp32(target, f.v(op.f32x4add, size, size)), f.f32(1));
  const far = f.v(op.f32x4sub, f.f32(1), f.v(op.f32x4div, f.f32(2), power));
  const signed = f.v(op.vor, far, f.v(op.vand, x, f.i32(-(2 ** 31))));
  return f.v(op.bitselect, near, signed, f.v(op.f32x4lt, size, f.f32(0.625)));
}

/** eˣ in float64 to 13 digits, for x in ±200 or NaN. */
function exp64(target: Target, x: Local): Local {
  const { f } = target;
  const sum = madd64(target, x, f.f64(Math.LOG2E), f.f64(magic64));
  const n = f.v(op.f64x2sub, sum, f.f64(magic64));
  const r = madd64(
    target,
    n,
    f.f64(-1.9082149292705877e-10),
    madd64(target, n, f.f64(-0.6931471803691238), x),
  );
  const factorials = [3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1];
  const power = polynomial64(
    target,
    r,
    factorials.map((factorial) => 1 / factorial),
  );
  // 2ⁿ by its exponent; the magic number's own bits leave the low ones alone.
  const scale = f.v(op.i64x2add, f.v(op.i64x2shl, sum, 52), f.f64(1));
  return f.v(op.f64x2mul, power, scale);
}

/** log u for positive finite u; where `minusOne` is given it is u − 1 before rounding, which counts near 1. */
function log64(target: Target, u: Local, minusOne?: Local): Local {
  const { f } = target;
  const root = f.f64(Math.SQRT1_2);
  const bits = f.v(op.i64x2sub, u, root);
  const exponent = f.v(op.i64x2shrS, bits, 52);
  const e = f.v(op.f64x2sub, f.v(op.i64x2add, exponent, f.f64(magic64)), f.f64(magic64));
  // Bits below those of the exponent.
  const fraction = f.v(op.i64x2shrU, f.v(op.i64x2shl, bits, 12), 12);
  let d = f.v(op.f64x2sub, f.v(op.i64x2add, fraction, root), f.f64(1));
  if (minusOne) d = f.v(op.bitselect, minusOne, d, f.v(op.f64x2eq, e, f.f64(0)));
  const s = f.v(op.f64x2div, d, f.v(op.f64x2add, d, f.f64(2)));
  const z = f.v(op.f64x2mul, s, s);
  // K. C. Ng's coefficients, as in FreeBSD's e_log.c.
  const tail = polynomial64(
    target,
    z,
    [
      1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1, 2.222219843214978396e-1,
      2.857142874366239149e-1, 3.99999999994094191e-1, 6.66666666666673513e-1, 2,
    ],
  );
  return madd64(target, e, f.f64(Math.LN2), f.v(op.f64x2mul, s, tail));
}

/** A float32 function by way of float64, where nothing needs care for the last digit. */
function widely(target: Target, x: Local, body: (x: Local) => Local): Local {
  return demote(target, promote(target, x).map(body));
}

/** `value` where u is positive and finite, else what a logarithm of u gives there. */
function logAtEdges({ f }: Target, u: Local, value: Local): Local {
  const zero = f.f32(0);
  const usual = f.v(op.vand, f.v(op.f32x4gt, u, zero), f.v(op.f32x4lt, u, f.f32(Infinity)));
  // √u is NaN below 0, and u itself where that is NaN or ∞.
  const edge = f.v(op.bitselect, f.f32(-Infinity), f.v(op.f32x4sqrt, u), f.v(op.f32x4eq, u, zero));
  return f.v(op.bitselect, value, edge, usual);
}

/** x itself where it is ±0, which sums would give the wrong sign. */
const keepZero = ({ f }: Target, x: Local, value: Local): Local =>
  f.v(op.bitselect, x, value, f.v(op.f32x4eq, x, f.f32(0)));

/** sin, or with `quarter` 1 cos: x = n·π/2 + r; huge numbers go to the host, which knows π to enough digits. */
function sine32(target: Target, name: "sin" | "cos", x: Local): Local {
  const { f } = target;
  const halves = promote(target, x);
  const sums = halves.map((half) => madd64(target, half, f.f64(2 / Math.PI), f.f64(magic64)));
  const reduced = halves.map((half, i) => {
    const n = f.v(op.f64x2sub, sums[i]!, f.f64(magic64));
    return madd64(
      target,
      n,
      f.f64(-1.589325477352819e-8),
      madd64(target, n, f.f64(-1.5707963109016418), half),
    );
  });
  const squares = reduced.map((r) => f.v(op.f64x2mul, r, r));
  // Minimax polynomials of FreeBSD's k_sinf.c and k_cosf.c.
  const sin = squares.map((z, i) => {
    const tail = polynomial64(
      target,
      z,
      [2.718311493989822e-6, -0.00019839334836096632, 0.008333329385889463, -0.16666666641626524],
    );
    return madd64(target, f.v(op.f64x2mul, z, reduced[i]!), tail, reduced[i]!);
  });
  const cos = squares.map((z) =>
    polynomial64(
      target,
      z,
      [2.439044879627741e-5, -0.001388676377460993, 0.04166662332373906, -0.499999997251031, 1],
    ),
  );
  const turns = f.shuffle(sums[0]!, sums[1]!, [0, 2, 4, 6]);
  const quarter = name === "sin" ? turns : f.v(op.i32x4add, turns, f.i32(1));
  const isOdd = f.v(op.i32x4shrS, f.v(op.i32x4shl, quarter, 31), 31);
  const size = f.v(op.bitselect, demote(target, cos), demote(target, sin), isOdd);
  const sign = f.v(op.i32x4shl, f.v(op.i32x4shrU, quarter, 1), 31);
  const result = f.v(op.vxor, size, sign);
  const isHuge = f.v(op.f32x4gt, f.v(op.f32x4abs, x), f.f32(1e8));
  f.push(isHuge);
  f.raw(op.anyTrue);
  f.when(() => {
    f.set(result, f.v(op.bitselect, demote(target, byHost(target, name, [halves])), result, isHuge));
  });
  return result;
}

/** erf x / x as a polynomial in x², fitted on |x| ≤ 3.92; beyond that erf is ±1 in float32. */
const erfEnd = 3.92;
const erfCoefficients = [
  0.0003788009508, -0.0009379143766, 0.0006125363165, -0.001050358928, 0.004282949024, -0.008162878997,
  0.01225953099, -0.01962328352, 0.03058619293, -0.04358337182, 0.05817710485, -0.07399038458, 0.09062330814,
  -0.1091818087, 0.1340833558, -0.1801085634, 0.3607368202,
];

function erf32(target: Target, argument: Local): Local {
  const { f } = target;
  const x = f.v(op.f32x4pmax, f.v(op.f32x4pmin, argument, f.f32(erfEnd)), f.f32(-erfEnd));
  return widely(target, x, (half) => {
    const square = f.v(op.f64x2mul, half, half);
    const centred = madd64(target, square, f.f64(2 / erfEnd ** 2), f.f64(-1));
    return f.v(op.f64x2mul, half, polynomial64(target, centred, erfCoefficients));
  });
}

function expm132(target: Target, x: Local): Local {
  const { f } = target;
  const clamped = f.v(op.f32x4pmax, f.v(op.f32x4pmin, x, f.f32(100)), f.f32(-100));
  return widely(target, clamped, (half) => {
    const far = f.v(op.f64x2sub, exp64(target, half), f.f64(1));
    const near = f.v(op.f64x2mul, half, madd64(target, half, f.f64(0.5), f.f64(1)));
    return f.v(op.bitselect, near, far, f.v(op.f64x2lt, f.v(op.f64x2abs, half), f.f64(1e-5)));
  });
}

function unary32(target: Target, name: UnaryOp, x: Local): Local {
  const { f } = target;
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
      const log = widely(target, x, (half) => log64(target, f.v(op.f64x2add, half, f.f64(1)), half));
      return keepZero(target, x, logAtEdges(target, f.v(op.f32x4add, x, f.f32(1)), log));
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
  const { f } = target;
  const size = f.v(op.f32x4abs, x);
  const exponents = promote(target, y);
  const halves = promote(target, size).map((half, i) => {
    const infinite = f.f64(Infinity);
    const isZero = f.v(op.f64x2eq, half, f.f64(0));
    const finite = f.v(op.bitselect, log64(target, half), half, f.v(op.f64x2lt, half, infinite));
    const log = f.v(op.bitselect, f.f64(-Infinity), finite, isZero);
    const product = f.v(op.f64x2mul, log, exponents[i]!);
    return exp64(target, f.v(op.f64x2pmax, f.v(op.f64x2pmin, product, f.f64(120)), f.f64(-120)));
  });
  const one = f.f32(1);
  const isWhole = f.v(op.f32x4eq, f.v(op.f32x4floor, y), y);
  const half = f.v(op.f32x4mul, y, f.f32(0.5));
  const isOdd = f.v(op.vand, isWhole, f.v(op.f32x4ne, f.v(op.f32x4floor, half), half));
  // |x| = 1 stays 1 also to the power of ∞, x = 1 also to that of NaN, and anything to that of 0.
  const unit = f.v(op.vand, f.v(op.f32x4eq, size, one), f.v(op.f32x4eq, y, y));
  const isOne = f.v(op.vor, f.v(op.vor, unit, f.v(op.f32x4eq, x, one)), f.v(op.f32x4eq, y, f.f32(0)));
  const magnitude = f.v(op.bitselect, one, demote(target, halves), isOne);
  const sign = f.v(op.vand, f.v(op.vand, x, isOdd), f.i32(-(2 ** 31)));
  const negative = f.v(op.vand, f.v(op.f32x4lt, x, f.f32(0)), f.v(op.f32x4gt, x, f.f32(-Infinity)));
  const isNaN = f.v(op.vandnot, f.v(op.vand, negative, f.v(op.f32x4eq, y, y)), isWhole);
  return f.v(op.vor, f.v(op.vxor, magnitude, sign), isNaN);
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
