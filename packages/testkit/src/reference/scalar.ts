/**
 * The error function by its series `erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!`, whose terms are of one sign,
 * so that nothing cancels. Abramowitz and Stegun 7.1.6.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The inverse of `erf` by bisection. */
export function erfinv(y: number): number {
  if (!(Math.abs(y) <= 1)) return NaN;
  if (Math.abs(y) === 1) return y * Infinity;
  if (y === 0) return y;
  let low = -6;
  let high = 6;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (erf(middle) < y) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** C's pow: 1 to any power, and anything to the power 0, is 1, where JavaScript says NaN of `1 ** NaN`. */
export const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;

/** The remainder with the sign of the divisor, `x − y⌊x / y⌋`. */
export function modulo(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** The nearest whole number, halves to the even one. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const fraction = x - below;
  const rounded = fraction < 0.5 || (fraction === 0.5 && below % 2 === 0) ? below : below + 1;
  // Infinities have no fraction; −0.3 rounds to −0.
  return Number.isFinite(x) ? (rounded === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : rounded) : x;
}

/** `log(1 + eˣ)` without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The larger of two, NaN where either is. */
export const larger = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? NaN : a > b ? a : b;

/** The smaller of two, NaN where either is. */
export const smaller = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? NaN : a < b ? a : b;
