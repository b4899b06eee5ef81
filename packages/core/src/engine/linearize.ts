import { isAlias, type Node } from "../graph/node.ts";

/** A graph as a list: what has to be computed for some roots, in an order that works. */
export interface LinearGraph {
  /** Leaves and operations, inputs before their users; aliases are left out. */
  readonly nodes: readonly Node[];
  /** Those nodes whose elements exist. */
  readonly leaves: readonly Node[];
  /** What gets a buffer: the roots asked for, then variables' values that were met on the way. */
  readonly roots: readonly Node[];
  /** For each root, its position in `nodes`. */
  readonly positions: readonly number[];
  /** The structure as numbers: equal codes mean graphs that one plan serves. */
  readonly code: readonly number[];
}

let visits = 0;

/** What a node's value really is: through gradient stops and custom derivatives. */
export function resolve(node: Node): Node {
  let at = node;
  while (at.storage === null && !at.owned && isAlias(at.op)) at = at.inputs[0]!;
  return at;
}

export function linearize(wanted: readonly Node[]): LinearGraph {
  const visit = ++visits;
  const nodes: Node[] = [];
  const leaves: Node[] = [];
  const code: number[] = [];
  const stack: Node[] = [];
  const roots = [...wanted];
  const asked = new Set(wanted);
  // Gradients are named from the first layer on and made from the last on: each is then used while it is at hand.
  for (const root of wanted.toReversed()) {
    const start = resolve(root);
    if (start.visit !== visit) stack.push(start);
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (node.visit === visit) {
        stack.pop();
        continue;
      }
      if (node.storage !== null) {
        stack.pop();
        node.visit = visit;
        node.index = nodes.push(node) - 1;
        leaves.push(node);
        code.push(-1 - node.leafSignature);
        continue;
      }
      // Of an alias that is kept, only the value counts.
      const inputs = isAlias(node.op) ? node.inputs.slice(0, 1) : node.inputs;
      let ready = true;
      for (let i = inputs.length - 1; i >= 0; i--) {
        const input = resolve(inputs[i]!);
        if (input.visit !== visit) {
          stack.push(input);
          ready = false;
        }
      }
      if (!ready) continue;
      stack.pop();
      node.visit = visit;
      node.index = nodes.push(node) - 1;
      code.push(node.signature);
      for (const input of inputs) code.push(resolve(input).index);
      if (node.owned && !asked.has(node)) roots.push(node);
    }
  }
  const positions = roots.map((root) => resolve(root).index);
  code.push(...positions);
  return { nodes, leaves, roots, positions, code };
}
