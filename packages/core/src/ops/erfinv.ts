import { floatOf } from "../dtype.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { abs, sign } from "./elementwise.ts";

const like = g.constantLike;

/** Numerators and denominators of AS 241, highest power first, for the three ranges of its argument. */
const quantile = {
  centre: [
    [
      2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
      1971.5909503065513, 133.14166789178438, 3.3871328727963665,
    ],
    [
      5226.495278852546, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
      687.1870074920579, 42.31333070160091, 1,
    ],
  ],
  middle: [
    [
      0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
      5.769497221460691, 4.630337846156546, 1.4234371107496835,
    ],
    [
      1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
      0.6897673349851, 1.6763848301838038, 2.053191626637759, 1,
    ],
  ],
  tail: [
    [
      2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
      0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
    ],
    [
      2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133,
      0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
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
  const from = g.cast(x, floatOf(x.dtype));
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
