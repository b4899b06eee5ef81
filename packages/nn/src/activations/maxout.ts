import { AxisError, OptionError, ShapeError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * The largest of each `pieces` neighbours along an axis: [..., n·pieces, ...] gives [..., n, ...], with
 * yᵢ = max(x_{i·pieces}, …, x_{i·pieces + pieces − 1}). After a `Linear` it is a convex function learned from straight
 * pieces. The gradient goes to the largest, in equal shares where several are. Goodfellow et al., "Maxout networks",
 * ICML 2013.
 *
 * @throws OptionError unless `pieces` is a whole number ≥ 1, AxisError where there is no such axis, ShapeError where
 * its size is no multiple of `pieces`.
 */
export function maxout(x: Tensor, pieces: number, axis: number = -1): Tensor {
  if (!Number.isInteger(pieces) || pieces < 1) {
    throw new OptionError(`maxout: pieces is a whole number ≥ 1, not ${pieces}`);
  }
  const at = axis < 0 ? axis + x.rank : axis;
  const size = x.shape[at];
  if (size === undefined) {
    throw new AxisError(`maxout: there is no axis ${axis} in [${x.shape.join(", ")}]`);
  }
  if (size % pieces !== 0) {
    throw new ShapeError(
      `maxout: axis ${axis} of [${x.shape.join(", ")}] has ${size} elements, which ${pieces} pieces do not divide`,
    );
  }
  return x.reshape([...x.shape.slice(0, at), size / pieces, pieces, ...x.shape.slice(at + 1)]).max(at + 1);
}

/** Maxout as a layer; see `maxout`. */
export class Maxout extends Module {
  readonly pieces: number;
  readonly axis: number;

  constructor(pieces: number, axis: number = -1) {
    super();
    this.pieces = pieces;
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return maxout(x, this.pieces, this.axis);
  }

  protected override describe(): string {
    return `${this.pieces}, axis=${this.axis}`;
  }
}
