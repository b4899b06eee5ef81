import { operandsFirst, operandsOf, type Dtype, type Expression, type IndexMap } from "@chainrule/core";

/** Expressions, and what only lowering needs beside them. */
export type Node =
  | Expression
  /** An index, checked to be in `[0, size)`, as a distance in elements. */
  | {
      readonly kind: "position";
      readonly dtype: "int32";
      readonly index: Node;
      readonly stride: number;
      readonly size: number;
    }
  /** The element `position` after a map's place. */
  | {
      readonly kind: "take";
      readonly dtype: Dtype;
      readonly input: number;
      readonly map: IndexMap;
      readonly position: Node;
    };

/** A node in the order of computation, operands first. */
export interface Step {
  readonly node: Node;
  /** How many loops must be entered before it can be computed. */
  readonly level: number;
  /** Whether it is computed at its level and kept, rather than inside the one expression that uses it. */
  isKept: boolean;
}

/** Longer chains would nest text and closures too deeply. */
const maxInlineDepth = 24;

/** The operands of a node; `result` is what `result` nodes stand for. */
function needsOf(node: Node, result: Node | null): readonly Node[] {
  switch (node.kind) {
    case "position":
      return [node.index];
    case "take":
      return [node.position];
    case "result":
      return result ? [result] : [];
    default:
      return operandsOf(node);
  }
}

/**
 * The nodes that `roots` need. A value waits only for the loops that its maps depend on: `levelOf` says how many, of
 * `depth` in all. It is kept if it is used more than once or further in than where it is computed.
 */
export function analyse(
  roots: readonly Node[],
  result: Node | null,
  depth: number,
  levelOf: (map: IndexMap) => number,
): Map<Node, Step> {
  const steps = new Map<Node, Step>();
  const depths = new Map<Node, number>();
  const used = new Set<Node>();
  const use = (node: Node, level: number): void => {
    const step = steps.get(node)!;
    if (used.has(node) || step.level < level) step.isKept = true;
    used.add(node);
  };
  for (const node of operandsFirst(roots, (one: Node) => needsOf(one, result))) {
    const operands = needsOf(node, result);
    let level = node.kind === "result" && !result ? depth : 0;
    if ("map" in node) level = levelOf(node.map);
    let chain = 1;
    for (const operand of operands) {
      level = Math.max(level, steps.get(operand)!.level);
      chain = Math.max(chain, depths.get(operand)! + 1);
    }
    const isKept = chain > maxInlineDepth || node.kind === "position" || node.kind === "random";
    steps.set(node, { node, level, isKept });
    depths.set(node, isKept ? 1 : chain);
    for (const operand of operands) use(operand, level);
  }
  for (const root of roots) use(root, depth);
  // Neither costs anything, wherever it is.
  for (const step of steps.values()) {
    if (step.node.kind === "const" || (step.node.kind === "result" && !result)) step.isKept = false;
  }
  return steps;
}
