import { OptionError, type Dtype, type Generator, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import type { Initializer } from "../init/initializer.ts";
import { kaimingUniform } from "../init/kaiming.ts";
import { uniform } from "../init/uniform.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { correlate, joinGroups, splitGroups } from "./correlate.ts";
import { padAxes, paddingModes, type PaddingMode } from "./padding.ts";
import {
  checkSpatial,
  perAxis,
  spatialOf,
  textOfExtent,
  windowsOver,
  type Extent,
  type Margin,
} from "./spatial.ts";

/** What all convolutions may be told. */
export interface ConvolutionOptions {
  /** From one window to the next; 1 unless given. */
  readonly stride?: Extent;
  /** From one element of a window to the next; 1 unless given. */
  readonly dilation?: Extent;
  /** Into how many parts the channels fall, each convolved by itself; 1 unless given. As many as channels: depthwise. */
  readonly groups?: number;
  /** Whether a bias is added; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from; the default generator unless given. */
  readonly generator?: Generator;
  /** Initial weight; PyTorch's unless given: uniform in ±1/√fanIn. */
  readonly init?: Initializer;
  /** Initial bias; PyTorch's unless given: uniform in ±1/√fanIn. */
  readonly biasInit?: Initializer;
}

/** Options of Conv1d, Conv2d and Conv3d. */
export interface ConvOptions extends ConvolutionOptions {
  /**
   * Elements around each axis; 0 ("valid") unless given. "same" gives an output of the input's size, at stride 1 only;
   * an odd one goes behind.
   */
  readonly padding?: Extent | "same" | "valid";
  /** What they are; "zeros" unless given. */
  readonly paddingMode?: PaddingMode;
}

/** The parameters of a convolution, weight [first, second, ...kernel], as PyTorch starts them. */
export function convolutionParameters(
  shape: Shape,
  outChannels: number,
  options: ConvolutionOptions,
): { weight: Parameter; bias: Parameter | null } {
  const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  const {
    bias = true,
    init = kaimingUniform({ a: Math.sqrt(5) }),
    biasInit = uniform(-bound, bound),
  } = options;
  return {
    weight: new Parameter(init(shape, options)),
    bias: bias ? new Parameter(biasInit([outChannels], options)) : null,
  };
}

/** Throws an OptionError unless the numbers of channels are whole, ≥ 1, and parted evenly by the groups. */
export function checkChannels(layer: string, inChannels: number, outChannels: number, groups: number): void {
  checkSizes(layer, { inChannels, outChannels, groups });
  if (inChannels % groups === 0 && outChannels % groups === 0) return;
  throw new OptionError(
    `${layer}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels evenly`,
  );
}

/** The bias beside [N, C, ...]. */
export const biasFor = (bias: Parameter, rank: number): Tensor =>
  bias.reshape(bias.size, ...Array.from({ length: rank }, () => 1));

function marginsOf(
  layer: string,
  padding: Extent | "same" | "valid",
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): Margin[] {
  if (padding === "valid") return kernel.map((): Margin => [0, 0]);
  if (padding === "same") {
    if (stride.some((step) => step !== 1)) {
      throw new OptionError(`${layer}: "same" padding is for stride 1, not ${textOfExtent(stride)}`);
    }
    return kernel.map((size, i): Margin => {
      const total = (size - 1) * dilation[i]!;
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  if (typeof padding === "string") {
    throw new OptionError(
      `${layer}: padding is a number, one an axis, "same" or "valid", not ${JSON.stringify(padding)}`,
    );
  }
  return perAxis(layer, "padding", padding, kernel.length, 0).map((n): Margin => [n, n]);
}

/** What Conv1d, Conv2d and Conv3d share. */
abstract class Conv extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Elements before and after each spatial axis. */
  readonly margins: readonly Margin[];
  readonly paddingMode: PaddingMode;

  constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Extent,
    options: ConvOptions,
  ) {
    super();
    const layer = `Conv${rank}d`;
    const { stride = 1, dilation = 1, groups = 1, padding = 0, paddingMode = "zeros" } = options;
    checkChannels(layer, inChannels, outChannels, groups);
    if (!paddingModes.includes(paddingMode)) {
      throw new OptionError(
        `${layer}: paddingMode is one of ${paddingModes.join(", ")}, not ${JSON.stringify(paddingMode)}`,
      );
    }
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.groups = groups;
    this.kernelSize = perAxis(layer, "kernelSize", kernelSize, rank, 1);
    this.stride = perAxis(layer, "stride", stride, rank, 1);
    this.dilation = perAxis(layer, "dilation", dilation, rank, 1);
    this.margins = marginsOf(layer, padding, this.kernelSize, this.stride, this.dilation);
    this.paddingMode = paddingMode;
    const shape = [outChannels, inChannels / groups, ...this.kernelSize];
    ({ weight: this.weight, bias: this.bias } = convolutionParameters(shape, outChannels, options));
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, dilation, groups, weight } = this;
    const rank = kernelSize.length;
    const layer = `Conv${rank}d(${this.inChannels}, ${this.outChannels})`;
    checkSpatial(layer, x, this.inChannels, rank);
    const isZeros = this.paddingMode === "zeros";
    const inside = isZeros ? x : padAxes(layer, x, this.margins, this.paddingMode);
    const margins = this.margins.map((margin): Margin => (isZeros ? margin : [0, 0]));
    const input = spatialOf(inside).map((size, i) => size + margins[i]![0] + margins[i]![1]);
    const windows = { ...windowsOver(layer, input, kernelSize, stride, dilation), margins };
    const kernels = weight.reshape(groups, this.outChannels / groups, ...weight.shape.slice(1));
    const y = joinGroups(correlate(splitGroups(inside, groups), kernels, windows));
    return this.bias ? y.add(biasFor(this.bias, rank)) : y;
  }

  override multiplyAdds(output: Shape): number {
    return sizeOf(output) * sizeOf(this.weight.shape.slice(1));
  }

  protected override describe(): string {
    const { inChannels, outChannels, kernelSize, stride, dilation, margins, groups, paddingMode, bias } =
      this;
    const parts = [`${inChannels}, ${outChannels}, kernelSize=${textOfExtent(kernelSize)}`];
    parts.push(`stride=${textOfExtent(stride)}`);
    if (margins.some(([before, after]) => before + after > 0)) {
      parts.push(`padding=${JSON.stringify(margins)}`, `paddingMode=${paddingMode}`);
    }
    if (dilation.some((step) => step > 1)) parts.push(`dilation=${textOfExtent(dilation)}`);
    if (groups > 1) parts.push(`groups=${groups}`);
    return [...parts, `bias=${bias !== null}`].join(", ");
  }
}

/**
 * Convolution over sequences: y[n, o, i] = b[o] + Σ over c and k of w[o, c, k]·x[n, c, i·stride + k·dilation], for x
 * [N, in, L], w [out, in/groups, k] and b [out]; y is [N, out, (L + padding − dilation·(k − 1) − 1)/stride + 1].
 *
 * @throws OptionError where a number is not whole or too small, or the groups do not divide the channels; from `forward`
 * ShapeError where the input is not [N, in, L], or the kernel is larger than the padded input.
 */
export class Conv1d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Extent, options: ConvOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
}

/**
 * Convolution over images: as `Conv1d` along both axes of x [N, in, H, W], with w [out, in/groups, kh, kw]. LeCun et
 * al., "Gradient-based learning applied to document recognition", Proceedings of the IEEE 86, 1998.
 *
 * @throws as `Conv1d`.
 */
export class Conv2d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Extent, options: ConvOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
}

/**
 * Convolution over volumes: as `Conv1d` along the three axes of x [N, in, D, H, W], with w [out, in/groups, kd, kh, kw].
 *
 * @throws as `Conv1d`.
 */
export class Conv3d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Extent, options: ConvOptions = {}) {
    super(3, inChannels, outChannels, kernelSize, options);
  }
}
