// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), highest powers first.
const nearTop = [
  0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694,
];
const nearBottom = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const farTop = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
  881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
];
const farBottom = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];

const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** The error function, to about 1e-15 of its value. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return (x * polynomial(x * x, nearTop)) / polynomial(x * x, nearBottom);
  if (size >= 6) return Math.sign(x);
  const tail = (Math.exp(-x * x) * polynomial(size, farTop)) / polynomial(size, farBottom);
  return x < 0 ? tail - 1 : 1 - tail;
}

/** IEEE 754 `pow`: unlike ECMAScript's, 1 to any power is 1, and (−1)^±∞ too. */
function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
}

/** The remainder with the sign of the divisor. */
function mod(x: number, y: number): number {
  const remainder = x % y;
  return remainder !== 0 && remainder < 0 !== y < 0 ? remainder + y : remainder;
}

const { exp, log, sin, cos, tanh, log1p, expm1 } = Math;
const unary = { exp, log, sin, cos, tanh, log1p, expm1, erf };

/** Functions of float64 numbers that emitted code calls by name. */
export const hostMath: Readonly<Record<string, (x: number, y: number) => number>> = { ...unary, pow, mod };
