import type { Dtype } from "../dtype.ts";
import type { Node } from "../graph/node.ts";
import type { Input } from "../ops/broadcast.ts";
import { sizeOf, type Shape } from "../shape.ts";

/** What methods take beside their own tensor: another tensor, or a number that takes its dtype from it. */
export type Operand = Handle<unknown> | number | boolean;

/**
 * A user's hold on a node of the lazy graph. The method classes build on it, each a family of operations, and
 * `Tensor` ends the chain; `T` is what the methods return.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the subclasses' methods return it
export abstract class Handle<T> {
  /** The node that stands for the present value. */
  abstract get node(): Node;
  protected abstract wrap(node: Node): T;

  /** Sizes of the axes, outermost first; `[]` is a scalar. */
  get shape(): Shape {
    return this.node.shape;
  }

  get dtype(): Dtype {
    return this.node.dtype;
  }

  /** The number of axes. */
  get rank(): number {
    return this.node.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }
}

/** The node of a tensor; a number stays a number. */
export const inputOf = (operand: Operand): Input => (typeof operand === "object" ? operand.node : operand);
