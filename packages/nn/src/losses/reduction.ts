import { OptionError, type Tensor } from "@chainrule/core";

/** What becomes of the losses of the single elements. */
export type Reduction = "mean" | "sum" | "none";

/** Options that every loss takes. */
export interface LossOptions {
  /** "mean" unless given. */
  readonly reduction?: Reduction;
}

/** Applies a reduction to the losses of the single elements. */
export function reduceLosses(loss: string, losses: Tensor, reduction: Reduction = "mean"): Tensor {
  switch (reduction) {
    case "mean":
      return losses.mean();
    case "sum":
      return losses.sum();
    case "none":
      return losses;
    default:
      throw new OptionError(
        `${loss}: reduction is "mean", "sum" or "none", not ${JSON.stringify(reduction satisfies never)}`,
      );
  }
}
