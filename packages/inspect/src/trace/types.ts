import type { Shape, TypedArray } from "@chainrule/core";
import type { Direction } from "../drawing/layout.ts";
import type { NodeKind } from "./graph.ts";

/** How a node depends on one of its inputs. */
export interface LocalGradient {
  /** The input's `id`. */
  readonly input: number;
  /** ∂node/∂input through this use alone, row-major [elements of the node, elements of the input]; null where left out. */
  readonly jacobian: TypedArray | null;
  /** Why there is no Jacobian; null where there is one. */
  readonly omitted: string | null;
  /** upstream × local: what this use adds to the gradient of the input, in its shape; null where no gradient flows. */
  readonly passed: TypedArray | null;
}

/** One node of a computation. */
export interface TraceNode {
  /** Its place in topological order, from 0. */
  readonly id: number;
  /** Its label, or v1, v2, … for operations, c1, c2, … for constants. */
  readonly name: string;
  readonly kind: NodeKind;
  /** The method that computed it, or the primitive of core where a plain function did; for leaves their kind. */
  readonly op: string;
  /** The operation in terms of the names of its inputs; empty for leaves. */
  readonly expression: string;
  /** The `id` of each operand: one that is used twice stands here twice. */
  readonly inputs: readonly number[];
  readonly shape: Shape;
  /** Elements in row-major order. */
  readonly value: TypedArray;
  /** One for each of `inputs`. */
  readonly local: readonly LocalGradient[];
  /** ∂result/∂node in the node's shape; null for integers and booleans, which have none. */
  readonly gradient: TypedArray | null;
}

/** A computation laid open. */
export interface Trace {
  /** Inputs before the nodes that use them. */
  readonly nodes: readonly TraceNode[];
  readonly result: TraceNode;
  /** The node of a name. @throws OptionError naming those that there are. */
  node(name: string): TraceNode;
  /** The graph as an SVG document, values and gradients in its boxes, local gradients on its edges. */
  toSvg(options?: TraceSvgOptions): string;
  /** The graph in the language of Graphviz. */
  toDot(): string;
  /** A table of all nodes. */
  toString(): string;
}

/** How a trace is drawn. */
export interface TraceSvgOptions {
  /** Drawn above the graph. */
  readonly title?: string;
  /** Which way the computation runs: "right" (the default) or "down". */
  readonly direction?: Direction;
}
