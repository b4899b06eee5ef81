import type { Node } from "./node.ts";

/** Sees each operation as it is called: how debug mode runs the graph eagerly without the graph knowing of it. */
export type Observer = (node: Node) => void;

let observer: Observer | null = null;

export function setObserver(next: Observer | null): void {
  observer = next;
}

export function observe<N extends Node>(node: N): N {
  if (observer !== null) observer(node);
  return node;
}
