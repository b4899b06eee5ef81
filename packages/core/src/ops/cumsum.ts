import * as g from "../graph/build.ts";
import { windowsOf } from "../graph/overlap.ts";
import type { Node } from "../graph/node.ts";
import { normalizeAxis, sizeOf } from "../shape.ts";
import { summable } from "./reductions.ts";

/** Longest run that is summed directly, at a cost of n²; longer ones are summed in blocks of it. */
const directRun = 64;

/** Running sums along the last axis. */
function runningSums(x: Node): Node {
  const rank = x.shape.length;
  const n = x.shape[rank - 1]!;
  const head = x.shape.slice(0, -1);
  const still = head.map((): [number, number] => [0, 0]);
  if (n <= directRun) {
    const windows = windowsOf(g.pad(x, [...still, [n - 1, 0]]), rank - 1, n, 1, 1);
    return g.sum(windows, [rank]);
  }
  const blocks = Math.ceil(n / directRun);
  const padded = g.pad(x, [...still, [0, blocks * directRun - n]]);
  const inside = runningSums(g.reshape(padded, [...head, blocks, directRun]));
  const last = [...head, blocks, 1];
  const totals = g.slice(
    inside,
    [...head.map(() => 0), 0, directRun - 1],
    last,
    last.map(() => 1),
  );
  const line = [...head, blocks];
  const before = g.slice(
    g.pad(runningSums(g.reshape(totals, line)), [...still, [1, 0]]),
    line.map(() => 0),
    line,
    line.map(() => 1),
  );
  const summed = g.reshape(g.add(inside, g.expand(g.reshape(before, last), inside.shape)), padded.shape);
  return g.slice(
    summed,
    x.shape.map(() => 0),
    x.shape,
    x.shape.map(() => 1),
  );
}

/** y[i] = x[0] + … + x[i] along an axis; the gradient runs the same sums from the end. */
export function cumsum(x: Node, axis: number): Node {
  const along = normalizeAxis("cumsum", axis, x.shape.length);
  const from = summable(x);
  if (sizeOf(x.shape) === 0) return from;
  const order = [...x.shape.keys()].filter((i) => i !== along).concat(along);
  const back = order.map((_, i) => order.indexOf(i));
  const value = g.permute(runningSums(g.permute(from, order)), back);
  return g.custom(value, [from], (upstream) => [g.flip(cumsum(g.flip(upstream, [along]), along), [along])]);
}
