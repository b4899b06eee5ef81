import { type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { lastAxes, momentsOf, standardize } from "./standardize.ts";

/** Options of LayerNorm. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Whether a scale and a shift are learned; true unless given. */
  readonly affine?: boolean;
  /** Whether, with `affine`, there is a shift; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * Standardises each example over its last axes: y = (x − E[x]) / √(Var[x] + eps)·w + b, with the population variance
 * and w, b of the shape of those axes. The same in training and evaluation. Ba et al., "Layer normalization", 2016.
 *
 * @param shape sizes of the last axes, or the size of the last one.
 * @throws OptionError unless sizes are whole numbers ≥ 1; from `forward` ShapeError where the last axes differ.
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  constructor(shape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, affine = true, bias = true } = options;
    this.normalizedShape = typeof shape === "number" ? [shape] : shape;
    checkSizes("LayerNorm", { size: Math.min(...this.normalizedShape) });
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()(this.normalizedShape, options)) : null;
    this.bias = affine && bias ? new Parameter(zeros()(this.normalizedShape, options)) : null;
  }

  override forward(x: Tensor): Tensor {
    const { mean, variance } = momentsOf(x, lastAxes("LayerNorm", x, this.normalizedShape));
    const y = standardize(x, mean, variance, this.eps);
    const scaled = this.weight ? y.mul(this.weight) : y;
    return this.bias ? scaled.add(this.bias) : scaled;
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  protected override describe(): string {
    return `${this.normalizedShape.join(", ")}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}
