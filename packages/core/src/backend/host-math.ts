/*
 * The primitives on float64 numbers, where ECMAScript has none of the name or one that differs from IEEE 754: for
 * backends that compute on the host, or leave to it what they have no fast form for.
 */

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

/** The remainder with the sign of the divisor. */
function mod(x: number, y: number): number {
  const remainder = x % y;
  return remainder !== 0 && remainder < 0 !== y < 0 ? remainder + y : remainder;
}

/** `erf`, `pow` and `mod` of host numbers, as the primitives of these names are defined. */
export const hostMath: {
  readonly erf: (x: number) => number;
  readonly pow: (x: number, y: number) => number;
  readonly mod: (x: number, y: number) => number;
} = { erf, pow, mod };
