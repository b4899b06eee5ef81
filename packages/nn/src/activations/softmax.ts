import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * Probabilities along an axis: yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ). Train on the logits with `crossEntropy` instead, which is
 * stable.
 *
 * @throws AxisError from `forward`, where the input has no such axis.
 */
export class Softmax extends Module {
  readonly axis: number;

  constructor(axis: number = -1) {
    super();
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.axis);
  }

  protected override describe(): string {
    return `axis=${this.axis}`;
  }
}
