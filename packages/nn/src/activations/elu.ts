import { where, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * The exponential linear unit, elementwise: y = x where x > 0, else α·(eˣ − 1); its derivative at 0 is α. Clevert et
 * al., "Fast and accurate deep network learning by exponential linear units", ICLR 2016.
 */
export function elu(x: Tensor, alpha: number = 1): Tensor {
  const positive = x.greater(0);
  // The branch not taken is given 0, so that its overflow meets no gradient: 0 · ∞ is NaN.
  return where(positive, x, where(positive, 0, x).expm1().mul(alpha));
}

/** The exponential linear unit as a layer; see `elu`. */
export class ELU extends Module {
  readonly alpha: number;

  constructor(alpha: number = 1) {
    super();
    this.alpha = alpha;
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.alpha);
  }

  protected override describe(): string {
    return `alpha=${this.alpha}`;
  }
}
