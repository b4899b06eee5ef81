import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * A smooth activation that dips below 0 and comes back, elementwise: y = x·tanh(ln(1 + eˣ)). Misra, "Mish: a self
 * regularized non-monotonic activation function", BMVC 2020.
 */
export function mish(x: Tensor): Tensor {
  return x.mul(x.softplus().tanh());
}

/** Mish as a layer; see `mish`. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x);
  }
}
