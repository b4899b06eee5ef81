import { checkedIndex, hostMath } from "@chainrule/core";

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

/** What generated text may call by name. */
export const helpers: Helpers = { ...hostMath, ipow, imod, threefry, inRange: checkedIndex };

export interface Helpers {
  readonly erf: (x: number) => number;
  readonly pow: (x: number, y: number) => number;
  readonly ipow: (x: number, y: number) => number;
  readonly mod: (x: number, y: number) => number;
  readonly imod: (x: number, y: number) => number;
  readonly threefry: (k0: number, k1: number, c: number) => number;
  readonly inRange: (index: number, size: number) => number;
}
