import { at, countOf, type Dense, dense, generate } from "./dense.ts";
import { broadcastShape, broadcastTo } from "./elementwise.ts";
import { reshape } from "./movement.ts";

/** NumPy's matmul: stacks broadcast, and a vector is a row on the left and a column on the right. */
export function matmul(a: Dense, b: Dense): Dense {
  const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1]) : b;
  const batch = broadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const [m, k] = left.shape.slice(-2) as [number, number];
  const n = right.shape.at(-1)!;
  const x = broadcastTo(left, [...batch, m, k]).data;
  const y = broadcastTo(right, [...batch, k, n]).data;
  const out = new Float64Array(countOf(batch) * m * n);
  for (let o = 0; o < out.length; o++) {
    const [stack, row, column] = [Math.floor(o / (m * n)), Math.floor(o / n) % m, o % n];
    for (let i = 0; i < k; i++) out[o]! += x[(stack * m + row) * k + i]! * y[(stack * k + i) * n + column]!;
  }
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  return dense(shape, out);
}

/** Every product of an element of `a` and one of `b`. */
export const outer = (a: Dense, b: Dense): Dense =>
  generate([a.shape[0]!, b.shape[0]!], ([i, j]) => at(a, [i!]) * at(b, [j!]));
