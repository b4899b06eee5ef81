import { zeros, type Tensor } from "@chainrule/core";

/** Columns less their means, which an intercept would take up: ridge then leaves the intercept alone. */
export function center(columns: Tensor, fitIntercept: boolean): { centered: Tensor; mean: Tensor } {
  if (!fitIntercept) return { centered: columns, mean: zeros([columns.shape[1]!], { dtype: columns.dtype }) };
  const mean = columns.mean(0);
  return { centered: columns.sub(mean), mean };
}
