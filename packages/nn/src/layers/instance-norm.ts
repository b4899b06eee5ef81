import { ShapeError, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { scaleChannels } from "./channels.ts";
import { axesBetween } from "./spatial.ts";
import { momentsOf, standardize } from "./standardize.ts";

/** Options of InstanceNorm. */
export interface InstanceNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Whether a scale and a shift are learned; false unless given, as in PyTorch. */
  readonly affine?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * Standardises each channel of each example over its spatial axes, y = (x − E[x]) / √(Var[x] + eps)·w + b, for x
 * [N, C, ...] and w, b [C]: PyTorch's InstanceNorm1d, 2d and 3d without running statistics. Ulyanov et al., "Instance
 * normalization", 2016.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError unless x is [N, features, ...]
 * with more than one element a channel.
 */
export class InstanceNorm extends Module {
  readonly features: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  constructor(features: number, options: InstanceNormOptions = {}) {
    super();
    checkSizes("InstanceNorm", { features });
    const { eps = 1e-5, affine = false } = options;
    this.features = features;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([features], options)) : null;
    this.bias = affine ? new Parameter(zeros()([features], options)) : null;
  }

  override forward(x: Tensor): Tensor {
    if (x.rank < 3 || x.shape[1] !== this.features || sizeOf(x.shape.slice(2)) < 2) {
      throw new ShapeError(
        `InstanceNorm(${this.features}): the input must be [N, ${this.features}, ...] with more than one element a ` +
          `channel, but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const { mean, variance } = momentsOf(x, axesBetween(2, x.rank));
    return scaleChannels(standardize(x, mean, variance, this.eps), this.weight, this.bias);
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  protected override describe(): string {
    return `${this.features}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}
