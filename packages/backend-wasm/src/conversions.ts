import { type Lanes, splitMask } from "./lanes.ts";
import type { Target } from "./target.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

/** int32 lanes as two float64 vectors. */
export const toDoubles = ({ f }: Target, x: Local): Lanes => [
  f.v(op.toFloat64, x),
  f.v(op.toFloat64, f.shuffle(x, x, [2, 3, 2, 3])),
];

/** float32 lanes as two float64 vectors. */
export const promote = ({ f }: Target, x: Local): Lanes => [
  f.v(op.promote, x),
  f.v(op.promote, f.shuffle(x, x, [2, 3, 2, 3])),
];

/** Two float64 vectors rounded to float32 lanes. */
export const demote = ({ f }: Target, [low, high]: Lanes): Local =>
  f.shuffle(f.v(op.demote, low!), f.v(op.demote, high!), [0, 1, 4, 5]);

/** The low 32 bits of truncated float64 numbers, 0 for those that are not finite. */
export function wrap({ f, float64: d }: Target, [low, high]: Lanes): Local {
  const part = (x: Local): Local => {
    const whole = f.v(op.f64x2trunc, x);
    const turns = d.floor(d.mul(whole, 2 ** -32));
    return f.v(op.truncToUnsigned, d.sub(whole, d.mul(turns, 2 ** 32)));
  };
  return f.shuffle(part(low!), part(high!), [0, 1, 4, 5]);
}

/** x where the mask is set, else y. */
export function select(f: Target["f"], mask: Local, x: Lanes, y: Lanes): Lanes {
  const masks = x.length === 1 ? [mask] : splitMask(f, mask);
  return x.map((part, i) => f.v(op.bitselect, part, y[i]!, masks[i]!));
}
