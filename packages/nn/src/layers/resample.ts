import { tensor, type Dtype, type Tensor } from "@chainrule/core";

/** The dtype in which whole numbers have means: float32, and a float its own. */
export const meanDtype = ({ dtype }: Tensor): Dtype => (dtype === "float64" ? dtype : "float32");

/** What one new element is made of: old positions and their weights. */
export type Mix = readonly (readonly [position: number, weight: number])[];

/** An axis whose elements are weighted sums of the old ones: one product with a matrix of the weights. */
export function mixAxis(x: Tensor, axis: number, mixes: readonly Mix[]): Tensor {
  const [from, to] = [x.shape[axis]!, mixes.length];
  const weights = new Float64Array(from * to);
  mixes.forEach((mix, column) => {
    for (const [position, weight] of mix) weights[position * to + column]! += weight;
  });
  const matrix = tensor(weights, { shape: [from, to], dtype: meanDtype(x) });
  return x.transpose(axis, -1).matmul(matrix).transpose(axis, -1);
}
