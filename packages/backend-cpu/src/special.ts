import { IndexError } from "@chainrule/core";

/** Σ coefficients[i]·xⁱ. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): near 0 for erf,
// from 0.46875 on for exp(x²)·erfc. His third interval, x > 4, is for erfc alone: there erf is 1 − erfc with erfc
// below 2e-8, for which the second is accurate enough.
const nearTop = [
  3209.3775891384694, 377.485237685302, 113.86415415105016, 3.1611237438705655, 0.18577770618460315,
];
const nearBottom = [2844.236833439171, 1282.6165260773723, 244.02463793444417, 23.601290952344122, 1];
const farTop = [
  1230.3393547979972, 2051.0783778260716, 1712.0476126340707, 881.952221241769, 298.6351381974001,
  66.11919063714163, 8.883149794388377, 0.5641884969886701, 2.1531153547440383e-8,
];
const farBottom = [
  1230.3393548037495, 3439.3676741437216, 4362.619090143247, 3290.7992357334597, 1621.3895745666903,
  537.1811018620099, 117.6939508913125, 15.744926110709835, 1,
];

/** The error function, to about 1e-15 of its value. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) {
    const square = x * x;
    return (x * polynomial(square, nearTop)) / polynomial(square, nearBottom);
  }
  if (size >= 6) return Math.sign(x);
  const tail = (Math.exp(-x * x) * polynomial(size, farTop)) / polynomial(size, farBottom);
  return x < 0 ? tail - 1 : 1 - tail;
}

/** IEEE 754 `pow`, as PyTorch has it: unlike ECMAScript's, 1 to any power is 1, and (−1)^±∞ too. */
function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

/** Integer power modulo 2³²; a negative exponent gives the truncated fraction, 0 unless |x| = 1 (and 0 for x = 0). */
function ipow(x: number, y: number): number {
  if (y < 0) return x === 1 || x === -1 ? (y & 1 ? x : 1) : 0;
  let power = 1;
  for (let base = x, rest = y; rest > 0; rest >>= 1) {
    if (rest & 1) power = Math.imul(power, base);
    base = Math.imul(base, base);
  }
  return power;
}

/** The remainder with the sign of the divisor. */
function mod(x: number, y: number): number {
  const remainder = x % y;
  return remainder !== 0 && remainder < 0 !== y < 0 ? remainder + y : remainder;
}

/** The integer remainder with the sign of the divisor; by zero it is 0. */
function imod(x: number, y: number): number {
  if (y === 0) return 0;
  const remainder = (x % y) | 0;
  return remainder !== 0 && (remainder ^ y) < 0 ? (remainder + y) | 0 : remainder;
}

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** Word 0 of Threefry-2x32-20 at counter (c, 0): core's `threefry2x32`, unrolled, and with no array. */
function threefry(k0: number, k1: number, c: number): number {
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  let x = (c + k0) | 0;
  let y = k1;
  x = (x + y) | 0;
  y = rotate(y, 13) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 15) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 26) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 6) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 1) | 0;
  x = (x + y) | 0;
  y = rotate(y, 17) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 29) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 16) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 24) ^ x;
  x = (x + k2) | 0;
  y = (y + k0 + 2) | 0;
  x = (x + y) | 0;
  y = rotate(y, 13) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 15) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 26) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 6) ^ x;
  x = (x + k0) | 0;
  y = (y + k1 + 3) | 0;
  x = (x + y) | 0;
  y = rotate(y, 17) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 29) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 16) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 24) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 4) | 0;
  x = (x + y) | 0;
  y = rotate(y, 13) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 15) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 26) ^ x;
  x = (x + y) | 0;
  y = rotate(y, 6) ^ x;
  return (x + k2) | 0;
}

/** Throws unless `index` is in `[0, size)`. */
function inRange(index: number, size: number): number {
  if (index >>> 0 < size) return index;
  throw new IndexError(
    `index ${index} is out of range for an axis of size ${size}: it must be one of 0 … ${size - 1}`,
  );
}

/** What generated text may call by name. */
export const helpers: Helpers = { erf, pow, ipow, mod, imod, threefry, inRange };

export interface Helpers {
  readonly erf: (x: number) => number;
  readonly pow: (x: number, y: number) => number;
  readonly ipow: (x: number, y: number) => number;
  readonly mod: (x: number, y: number) => number;
  readonly imod: (x: number, y: number) => number;
  readonly threefry: (k0: number, k1: number, c: number) => number;
  readonly inRange: (index: number, size: number) => number;
}
