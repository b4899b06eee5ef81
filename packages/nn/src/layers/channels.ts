import type { Tensor } from "@chainrule/core";

/** x·w + b for x [N, C, ...], with w and b [C] where there are any. */
export function scaleChannels(x: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  const shape = [x.shape[1]!, ...x.shape.slice(2).map(() => 1)];
  const scaled = weight ? x.mul(weight.reshape(shape)) : x;
  return bias ? scaled.add(bias.reshape(shape)) : scaled;
}
