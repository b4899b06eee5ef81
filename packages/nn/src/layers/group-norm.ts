import { OptionError, ShapeError, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { scaleChannels } from "./channels.ts";
import { momentsOf, standardize } from "./standardize.ts";

/** Options of GroupNorm. */
export interface GroupNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Whether a scale and a shift are learned for each channel; true unless given. */
  readonly affine?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * Standardises each example's groups of channels, y = (x − E[x]) / √(Var[x] + eps)·w + b: for x [N, C, ...] the
 * statistics are over a group's channels and all axes behind them, and w, b are [C]. Wu and He, "Group normalization",
 * ECCV 2018.
 *
 * @throws OptionError unless both are whole numbers ≥ 1 and the groups divide the channels; from `forward` ShapeError
 * unless x is [N, channels, ...].
 */
export class GroupNorm extends Module {
  readonly groups: number;
  readonly channels: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  constructor(groups: number, channels: number, options: GroupNormOptions = {}) {
    super();
    checkSizes("GroupNorm", { groups, channels });
    if (channels % groups !== 0) {
      throw new OptionError(`GroupNorm: ${groups} groups do not divide ${channels} channels evenly`);
    }
    const { eps = 1e-5, affine = true } = options;
    this.groups = groups;
    this.channels = channels;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones()([channels], options)) : null;
    this.bias = affine ? new Parameter(zeros()([channels], options)) : null;
  }

  override forward(x: Tensor): Tensor {
    if (x.rank < 2 || x.shape[1] !== this.channels) {
      throw new ShapeError(
        `GroupNorm(${this.groups}, ${this.channels}): the input must be [N, ${this.channels}, ...], ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const size = (this.channels / this.groups) * sizeOf(x.shape.slice(2));
    const grouped = x.reshape(x.shape[0]!, this.groups, size);
    const { mean, variance } = momentsOf(grouped, [2]);
    const y = standardize(grouped, mean, variance, this.eps).reshape(x.shape);
    return scaleChannels(y, this.weight, this.bias);
  }

  override multiplyAdds(output: Shape): number {
    return this.weight ? sizeOf(output) : 0;
  }

  protected override describe(): string {
    return `${this.groups}, ${this.channels}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}
