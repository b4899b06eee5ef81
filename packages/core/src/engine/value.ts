import type { Dtype } from "../dtype.ts";
import type { Attributes, Node, Op } from "../graph/node.ts";
import { sizeOf, type Shape } from "../shape.ts";
import type { Product } from "./operand.ts";
import { loadOf, type Leaf, type Term } from "./term.ts";
import type { View } from "./view.ts";

/** Operations that only change where elements are looked for. */
export const movement: ReadonlySet<Op> = new Set<Op>([
  "reshape",
  "permute",
  "expand",
  "pad",
  "slice",
  "flip",
  "window",
]);
/** Operations with kernels of their own kinds, or of none. */
export const heavy: ReadonlySet<Op> = new Set<Op>(["reduce", "dot", "gather", "scatterAdd", "concat"]);
/** How a kernel of its own kind reads its operands, for values that are not elementwise. */
export type Core =
  | { readonly kind: "reduce"; readonly value: Term }
  | ({ readonly kind: "dot" } & Product)
  | { readonly kind: "gather"; readonly source: Leaf; readonly index: Term }
  | { readonly kind: "scatterAdd"; readonly index: Term; readonly value: Term };

/** Where a part is stored. */
export interface Home {
  /** What it is part of. */
  readonly of: Value;
  /** Its place in the buffer of the outermost of these, in its own shape. */
  readonly view: View;
}

let nextId = 0;

/** A distinct value of the graph that is being planned: equal computations are one value. */
export class Value {
  readonly id: number = nextId++;
  readonly op: Op;
  readonly attributes: Attributes[Op];
  inputs: readonly Value[];
  readonly shape: Shape;
  readonly dtype: Dtype;
  /** Position among the plan's leaves, −1 where it is computed. */
  readonly leaf: number;
  readonly users: Value[] = [];
  isRoot = false;
  /** Whether it gets a buffer; otherwise each kernel that needs it computes it. */
  stored: boolean;
  cost = 1;
  /** How it is computed, where that is elementwise. */
  definition: Term | null = null;
  core: Core | null = null;
  /** Where it is stored, if not in a buffer of its own. */
  home: Home | null = null;
  needsOwnBuffer = false;

  constructor(
    node: Pick<Node, "op" | "attributes" | "shape" | "dtype">,
    inputs: readonly Value[],
    leaf = -1,
  ) {
    this.op = node.op;
    this.attributes = node.attributes;
    this.shape = node.shape;
    this.dtype = node.dtype;
    this.inputs = inputs;
    this.leaf = leaf;
    this.stored = leaf >= 0 || heavy.has(node.op);
    for (const input of new Set(inputs)) input.users.push(this);
  }

  get isLeaf(): boolean {
    return this.leaf >= 0;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** How others read it. */
  get term(): Term {
    return this.stored ? loadOf(this) : this.definition!;
  }
}

/** The value in whose buffer a value lies. */
export const holderOf = (value: Value): Value => (value.home ? holderOf(value.home.of) : value);
