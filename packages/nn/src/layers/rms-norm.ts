import type { Dtype, Shape, Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { lastAxes } from "./standardize.ts";

/** Options of RMSNorm. */
export interface RMSNormOptions {
  /** Added to the mean square; the spacing of the input's dtype at 1 unless given: 2⁻²³ or 2⁻⁵². */
  readonly eps?: number;
  /** Whether a scale is learned; true unless given. */
  readonly affine?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * Divides each example by its root mean square over the last axes: y = x / √(E[x²] + eps)·w, with w of the shape of
 * those axes. Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
 *
 * @param shape sizes of the last axes, or the size of the last one.
 * @throws OptionError unless sizes are whole numbers ≥ 1; from `forward` ShapeError where the last axes differ.
 */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly weight: Parameter | null;

  constructor(shape: number | Shape, options: RMSNormOptions = {}) {
    super();
    this.normalizedShape = typeof shape === "number" ? [shape] : shape;
    checkSizes("RMSNorm", { size: Math.min(...this.normalizedShape) });
    this.eps = options.eps ?? null;
    this.weight = (options.affine ?? true) ? new Parameter(ones()(this.normalizedShape, options)) : null;
  }

  override forward(x: Tensor): Tensor {
    const axes = lastAxes("RMSNorm", x, this.normalizedShape);
    const eps = this.eps ?? (x.dtype === "float64" ? 2 ** -52 : 2 ** -23);
    const y = x.mul(x.square().mean(axes, { keepDims: true }).add(eps).rsqrt());
    return this.weight ? y.mul(this.weight) : y;
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  protected override describe(): string {
    return `${this.normalizedShape.join(", ")}, eps=${this.eps ?? "auto"}, affine=${this.weight !== null}`;
  }
}
