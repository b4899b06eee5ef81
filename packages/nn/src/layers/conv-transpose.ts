import { OptionError, ShapeError, type Shape, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { biasFor, checkChannels, convolutionParameters, type ConvolutionOptions } from "./conv.ts";
import { correlateInput, joinGroups, splitGroups, type PaddedWindows } from "./correlate.ts";
import { checkSpatial, perAxis, spatialOf, textOfExtent, type Extent } from "./spatial.ts";

/** Options of ConvTranspose1d and ConvTranspose2d. */
export interface ConvTransposeOptions extends ConvolutionOptions {
  /** How much of the output's edge is cut off on each side; 0 unless given. */
  readonly padding?: Extent;
  /** Elements more behind each axis: which of the sizes that a stride maps to one to give back; 0 unless given. */
  readonly outputPadding?: Extent;
}

/** What ConvTranspose1d and ConvTranspose2d share. */
abstract class ConvTranspose extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly outputPadding: readonly number[];

  constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Extent,
    options: ConvTransposeOptions,
  ) {
    super();
    const layer = `ConvTranspose${rank}d`;
    const { stride = 1, dilation = 1, groups = 1, padding = 0, outputPadding = 0 } = options;
    checkChannels(layer, inChannels, outChannels, groups);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.groups = groups;
    this.kernelSize = perAxis(layer, "kernelSize", kernelSize, rank, 1);
    this.stride = perAxis(layer, "stride", stride, rank, 1);
    this.dilation = perAxis(layer, "dilation", dilation, rank, 1);
    this.padding = perAxis(layer, "padding", padding, rank, 0);
    this.outputPadding = perAxis(layer, "outputPadding", outputPadding, rank, 0);
    if (this.outputPadding.some((more, i) => more >= Math.max(this.stride[i]!, this.dilation[i]!))) {
      throw new OptionError(
        `${layer}: outputPadding must be below stride or dilation, but is ${textOfExtent(this.outputPadding)} ` +
          `beside ${textOfExtent(this.stride)} and ${textOfExtent(this.dilation)}`,
      );
    }
    const shape = [inChannels, outChannels / groups, ...this.kernelSize];
    ({ weight: this.weight, bias: this.bias } = convolutionParameters(shape, outChannels, options));
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, groups, weight } = this;
    const rank = kernelSize.length;
    checkSpatial(`ConvTranspose${rank}d(${this.inChannels}, ${this.outChannels})`, x, this.inChannels, rank);
    const windows = this.#windows(x);
    const kernels = weight.reshape(groups, this.inChannels / groups, ...weight.shape.slice(1));
    const y = joinGroups(correlateInput(splitGroups(x, groups), kernels, windows));
    return this.bias ? y.add(biasFor(this.bias, rank)) : y;
  }

  /** The windows of the convolution that this one transposes: over the output before its edges are cut. */
  #windows(x: Tensor): PaddedWindows {
    const { kernelSize: kernel, stride, dilation, padding, outputPadding } = this;
    const output = spatialOf(x);
    const input = output.map(
      (size, i) => (size - 1) * stride[i]! + (kernel[i]! - 1) * dilation[i]! + 1 + outputPadding[i]!,
    );
    if (input.some((size, i) => size <= 2 * padding[i]!)) {
      throw new ShapeError(
        `ConvTranspose${kernel.length}d: padding ${textOfExtent(padding)} leaves nothing of the output ` +
          `[${input.join(", ")}] for an input of [${x.shape.join(", ")}]`,
      );
    }
    const margins = padding.map((cut) => [cut, cut] as const);
    return { input, output, kernel, stride, dilation, margins };
  }

  override multiplyAdds(_output: Shape, [input]: readonly Shape[]): number {
    return sizeOf(input!) * sizeOf(this.weight.shape.slice(1));
  }

  protected override describe(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, outputPadding, dilation, groups, bias } =
      this;
    const options = { stride, padding, outputPadding, dilation };
    const parts = Object.entries({ kernelSize, ...options }).map(([name, n]) => `${name}=${textOfExtent(n)}`);
    return `${inChannels}, ${outChannels}, ${parts.join(", ")}, groups=${groups}, bias=${bias !== null}`;
  }
}

/**
 * The transpose of a convolution over sequences, which spreads each element by the kernel: y[n, o, i·stride +
 * k·dilation − padding] sums w[c, o, k]·x[n, c, i], plus b[o]; for x [N, in, L], w [in, out/groups, k] and b [out], y is
 * [N, out, (L − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1]. Zeiler et al., "Deconvolutional
 * networks", CVPR 2010.
 *
 * @throws OptionError where a number is not whole or too small, the groups do not divide the channels, or outputPadding
 * is not below stride or dilation; from `forward` ShapeError where the input is not [N, in, L], or nothing is left.
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Extent,
    options: ConvTransposeOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
}

/**
 * The transpose of a convolution over images: as `ConvTranspose1d` along both axes of x [N, in, H, W], with w
 * [in, out/groups, kh, kw].
 *
 * @throws as `ConvTranspose1d`.
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Extent,
    options: ConvTransposeOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
}
