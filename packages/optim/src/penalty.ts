import type { Tensor } from "@chainrule/core";

/** g + λ·p, the gradient under an L2 penalty; g itself where the option λ is 0, which is fixed at capture. */
export const penalized = (gradient: Tensor, parameter: Tensor, weightDecay: number, lambda: Tensor): Tensor =>
  weightDecay === 0 ? gradient : gradient.add(parameter.mul(lambda));
