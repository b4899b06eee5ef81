import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * Logarithms of probabilities along an axis: yᵢ = xᵢ − ln Σⱼ exp(xⱼ), without overflow; `nllLoss` takes them.
 *
 * @throws AxisError from `forward`, where the input has no such axis.
 */
export class LogSoftmax extends Module {
  readonly axis: number;

  constructor(axis: number = -1) {
    super();
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.axis);
  }

  protected override describe(): string {
    return `axis=${this.axis}`;
  }
}
