import { Tensor } from "@chainrule/core";
import { labelOf, type Node } from "./label.ts";
import { type Recording, standIn } from "./recorder.ts";

/** What a node of a trace is: given, held by a model, fixed, or computed. */
export type NodeKind = "input" | "parameter" | "constant" | "operation";

/** A node before its numbers are known. */
export interface Vertex {
  readonly node: Node;
  readonly kind: NodeKind;
  readonly op: string;
  readonly inputs: readonly Node[];
  readonly settings: readonly unknown[];
  /** The node computed from stand-ins of its inputs, and those; null for a leaf. */
  readonly local: { readonly output: Tensor; readonly places: readonly Tensor[] } | null;
}

/** A primitive computed again from stand-ins, so that its derivatives leave out every other path. */
function rebuild(node: Node, inputs: readonly Node[]): Vertex["local"] {
  const places = inputs.map((input) => standIn(new Tensor(input)));
  const taken = places.map((place) => place.node);
  // The first input of a custom node is its value, which has no derivative of its own.
  const all = node.op === "custom" ? [node.inputs[0]!, ...taken] : taken;
  const copy = Reflect.construct(node.constructor, [
    node.op,
    all,
    node.attributes,
    node.shape,
    node.dtype,
  ]) as Node;
  return { output: new Tensor(copy), places };
}

/**
 * The nodes that lead to `result`, inputs before those that use them; `given` come first, used or not.
 *
 * Calls of methods are single nodes; what plain functions such as `where` made is shown as the primitives it is of.
 */
export function verticesOf(
  result: Node,
  given: readonly Node[],
  recording: Recording,
): { readonly vertices: Vertex[]; readonly last: Vertex } {
  const { calls, standIns } = recording;
  const inputs = new Set(given);
  const order: Vertex[] = [];
  const seen = new Set<Node>();
  const resolve = (node: Node): Node => {
    let real = node;
    while (standIns.has(real) && !inputs.has(real)) real = standIns.get(real)!;
    return real;
  };
  const vertexOf = (node: Node): Vertex => {
    const leaf = (kind: NodeKind): Vertex => ({
      node,
      kind,
      op: kind,
      inputs: [],
      settings: [],
      local: null,
    });
    if (inputs.has(node)) return leaf("input");
    if (node.owned) return leaf("parameter");
    const call = calls.get(node);
    if (call) {
      const { method, operands, output, places, settings } = call;
      return {
        node,
        kind: "operation",
        op: method,
        inputs: operands.map(resolve),
        settings,
        local: { output, places },
      };
    }
    if (node.inputs.length === 0) return leaf("constant");
    const from = (node.op === "custom" ? node.inputs.slice(1) : node.inputs).map(resolve);
    return { node, kind: "operation", op: node.op, inputs: from, settings: [], local: rebuild(node, from) };
  };
  // A loop in place of recursion: recurrent computations are deeper than the stack.
  const stack: { readonly vertex: Vertex; next: number }[] = [];
  const open = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ vertex: vertexOf(node), next: 0 });
  };
  const end = resolve(result);
  for (const root of [...given, end]) {
    open(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = top.vertex.inputs[top.next++];
      if (input !== undefined) open(input);
      else order.push(stack.pop()!.vertex);
    }
  }
  return { vertices: order, last: order.find(({ node }) => node === end)! };
}

/** Names by node: the labels given, and v1, v2, … for computed nodes, c1, c2, … for constants without one. */
export function namesOf(
  vertices: readonly Vertex[],
  given: ReadonlyMap<Node, string>,
  noted: ReadonlyMap<Node, string>,
): Map<Node, string> {
  const names = new Map<Node, string>();
  const taken = new Set<string>();
  const claim = (node: Node, wanted: string): void => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}′${i > 2 ? i : ""}`;
    taken.add(name);
    names.set(node, name);
  };
  for (const { node } of vertices) {
    const name = given.get(node) ?? noted.get(node) ?? labelOf(node);
    if (name !== undefined) claim(node, name);
  }
  const counts = { v: 0, c: 0, p: 0 };
  for (const { node, kind } of vertices) {
    if (names.has(node)) continue;
    const letter = kind === "operation" ? "v" : kind === "parameter" ? "p" : "c";
    let name: string;
    do name = `${letter}${++counts[letter]}`;
    while (taken.has(name));
    claim(node, name);
  }
  return names;
}
