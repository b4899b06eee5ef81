import { isFloat } from "../dtype.ts";
import { DtypeError, ShapeError } from "../errors.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { constantLike } from "./build.ts";
import { inputGradients } from "./derivatives.ts";
import type { Node } from "./node.ts";
import { total } from "./total.ts";

/** Nodes on a path from one of `sources` to `target`, inputs before the nodes that use them. */
function pathsTo(target: Node, sources: ReadonlySet<Node>): { order: Node[]; reaches: Map<Node, boolean> } {
  const order: Node[] = [];
  const reaches = new Map<Node, boolean>();
  const stack: [node: Node, next: number][] = [[target, 0]];
  reaches.set(target, false);
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const [node, next] = top;
    if (next < node.inputs.length) {
      top[1]++;
      const input = node.inputs[next]!;
      if (!reaches.has(input)) {
        reaches.set(input, false);
        stack.push([input, 0]);
      }
      continue;
    }
    stack.pop();
    const reached =
      sources.has(node) || (isFloat(node.dtype) && node.inputs.some((input) => reaches.get(input)));
    reaches.set(node, reached);
    if (reached) order.push(node);
  }
  return { order, reaches };
}

/**
 * Reverse-mode differentiation from graph to graph: ∂y/∂x for each x, summed over the elements of y weighted by
 * `upstream` (ones where it is not given; y is then a scalar). The results are ordinary nodes and can be
 * differentiated again; an x that y does not depend on gets zeros.
 */
export function gradient(y: Node, xs: readonly Node[], upstream?: Node): Node[] {
  if (!isFloat(y.dtype))
    throw new DtypeError(`gradient: only floats have derivatives, and this is ${y.dtype}`);
  for (const x of xs) {
    if (!isFloat(x.dtype))
      throw new DtypeError(`gradient: only floats have derivatives, and an input is ${x.dtype}`);
  }
  if (upstream === undefined && sizeOf(y.shape) !== 1) {
    throw new ShapeError(
      `gradient: a tensor of shape ${formatShape(y.shape)} has no single gradient; ` +
        `reduce it to a scalar, as with .sum(), or give { upstream }`,
    );
  }
  if (upstream !== undefined && !sameShape(upstream.shape, y.shape)) {
    throw new ShapeError(
      `gradient: upstream ${formatShape(upstream.shape)} must have the shape of y, ${formatShape(y.shape)}`,
    );
  }
  const sources = new Set(xs);
  const { order, reaches } = pathsTo(y, sources);
  const arrived = new Map<Node, Node[]>([[y, [upstream ?? constantLike(y, 1)]]]);
  const gradients = new Map<Node, Node>();
  for (const node of order.toReversed()) {
    const parts = arrived.get(node);
    if (parts === undefined) continue;
    const all = total(parts);
    arrived.delete(node);
    if (sources.has(node)) gradients.set(node, all);
    inputGradients(all, node, (input) => reaches.get(input) === true).forEach((part, i) => {
      const input = node.inputs[i]!;
      if (part === null || !reaches.get(input)) return;
      const others = arrived.get(input);
      if (others) others.push(part);
      else arrived.set(input, [part]);
    });
  }
  return xs.map((x) => gradients.get(x) ?? constantLike(x, 0));
}
