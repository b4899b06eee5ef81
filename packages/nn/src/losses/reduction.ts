import { OptionError, ShapeError, type Tensor } from "@chainrule/core";

/** What becomes of the losses of the single elements. */
export type Reduction = "mean" | "sum" | "none";

/** Options that every loss takes. */
export interface LossOptions {
  /** "mean" unless given. */
  readonly reduction?: Reduction;
  /**
   * A factor for each loss, of the shape of the losses or of their leading axes ([N] for a weight an example). "mean"
   * still divides by the number of losses, as Keras has it and PyTorch's `weight` of binary cross-entropy.
   */
  readonly sampleWeight?: Tensor;
}

/**
 * Applies weights and a reduction to the losses of the single elements.
 *
 * @param share what "mean" divides the sum by, where that is not the number of losses.
 */
export function reduceLosses(loss: string, losses: Tensor, options: LossOptions, share?: Tensor): Tensor {
  const { reduction = "mean", sampleWeight } = options;
  const weighted = sampleWeight ? losses.mul(alongside(loss, losses, sampleWeight)) : losses;
  switch (reduction) {
    case "mean":
      return share ? weighted.sum().div(share) : weighted.mean();
    case "sum":
      return weighted.sum();
    case "none":
      return weighted;
    default:
      throw new OptionError(
        `${loss}: reduction is "mean", "sum" or "none", not ${JSON.stringify(reduction satisfies never)}`,
      );
  }
}

/** Weights with size 1 on the axes of the losses that they lack. */
function alongside(loss: string, losses: Tensor, weight: Tensor): Tensor {
  if (weight.rank > losses.rank || weight.shape.some((size, axis) => size !== losses.shape[axis])) {
    throw new ShapeError(
      `${loss}: sampleWeight must have the shape of the losses, [${losses.shape.join(", ")}], or of their leading ` +
        `axes, not [${weight.shape.join(", ")}]`,
    );
  }
  return weight.cast(losses.dtype).reshape(losses.shape.map((_, axis) => weight.shape[axis] ?? 1));
}
