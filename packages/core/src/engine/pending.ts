import type { Node } from "../graph/node.ts";
import type { Storage } from "./storage.ts";

/*
 * Variables' values that wait to be computed. A captured step overwrites variables in place; what waits for their old
 * elements is computed before, since a variable must not lose its value to the update of another.
 */

let pending: WeakRef<Node>[] = [];
let sweepAt = 64;

const isPending = (node: Node | undefined): node is Node =>
  node !== undefined && node.owned && node.storage === null;

function sweep(): Node[] {
  const nodes = pending.map((reference) => reference.deref());
  pending = pending.filter((_, i) => isPending(nodes[i]));
  sweepAt = 2 * pending.length + 64;
  return nodes.filter(isPending);
}

/** Remembers a variable's new value for as long as it waits and the variable keeps it. */
export function notePending(value: Node): void {
  if (value.storage !== null) return;
  if (pending.length >= sweepAt) sweep();
  pending.push(new WeakRef(value));
}

function isMadeOf(value: Node, storages: ReadonlySet<Storage>): boolean {
  const seen = new Set<Node>();
  const stack = [value];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.storage !== null && storages.has(node.storage)) return true;
    if (node.storage !== null || seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return false;
}

/** The values that wait for elements in one of the storages. */
export function pendingOn(storages: () => readonly Storage[]): Node[] {
  if (pending.length === 0) return [];
  const values = sweep();
  if (values.length === 0) return [];
  const old = new Set(storages());
  return values.filter((value) => isMadeOf(value, old));
}
