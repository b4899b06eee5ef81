import { where, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * A rectifier that lets some of the negative side through, elementwise: y = x where x > 0, else slope · x; its
 * derivative at 0 is the slope. Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.
 */
export function leakyReLU(x: Tensor, slope: number = 0.01): Tensor {
  return where(x.greater(0), x, x.mul(slope));
}

/** The leaky rectifier as a layer; see `leakyReLU`. */
export class LeakyReLU extends Module {
  readonly slope: number;

  constructor(slope: number = 0.01) {
    super();
    this.slope = slope;
  }

  override forward(x: Tensor): Tensor {
    return leakyReLU(x, this.slope);
  }

  protected override describe(): string {
    return `slope=${this.slope}`;
  }
}
