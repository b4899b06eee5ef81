import { ShapeError, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { Module } from "../module.ts";
import {
  checkSpatial,
  fold,
  perAxis,
  spatialOf,
  textOfExtent,
  unfold,
  windowsOver,
  type Extent,
  type Windows,
} from "./spatial.ts";

/** Options of Unfold and Fold. */
export interface UnfoldOptions {
  /** From one window to the next; 1 unless given. */
  readonly stride?: Extent;
  /** Zeros around the image; 0 unless given. */
  readonly padding?: Extent;
  /** From one element of a window to the next; 1 unless given. */
  readonly dilation?: Extent;
}

/** What Unfold and Fold share. */
abstract class Patches extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];

  constructor(layer: string, kernelSize: Extent, { stride = 1, padding = 0, dilation = 1 }: UnfoldOptions) {
    super();
    this.kernelSize = perAxis(layer, "kernelSize", kernelSize, 2, 1);
    this.stride = perAxis(layer, "stride", stride, 2, 1);
    this.padding = perAxis(layer, "padding", padding, 2, 0);
    this.dilation = perAxis(layer, "dilation", dilation, 2, 1);
  }

  protected windows(layer: string, sizes: readonly number[]): Windows {
    const padded = sizes.map((size, i) => size + 2 * this.padding[i]!);
    return windowsOver(layer, padded, this.kernelSize, this.stride, this.dilation);
  }

  protected override describe(): string {
    const { kernelSize, stride, padding, dilation } = this;
    return Object.entries({ kernelSize, stride, padding, dilation })
      .map(([name, sizes]) => `${name}=${textOfExtent(sizes)}`)
      .join(", ");
  }
}

/**
 * The windows of an image as columns: [N, C, H, W] gives [N, C·kh·kw, L], where L counts the windows row by row.
 *
 * @throws OptionError where a number is not whole or too small; from `forward` ShapeError where the input is not
 * [N, C, H, W], or a window is larger than the padded input.
 */
export class Unfold extends Patches {
  constructor(kernelSize: Extent, options: UnfoldOptions = {}) {
    super("Unfold", kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    checkSpatial("Unfold", x, null, 2);
    const windows = this.windows("Unfold", spatialOf(x));
    const padded = x.pad([[0, 0], [0, 0], ...this.padding.map((n) => [n, n] as const)]);
    return unfold(padded, windows).permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3);
  }
}

/**
 * Columns added up as an image, the transpose of `Unfold`: [N, C·kh·kw, L] gives [N, C, H, W].
 *
 * @throws OptionError where a number is not whole or too small; from `forward` ShapeError where the columns are not
 * those of such an image.
 */
export class Fold extends Patches {
  readonly outputSize: readonly number[];

  constructor(outputSize: Extent, kernelSize: Extent, options: UnfoldOptions = {}) {
    super("Fold", kernelSize, options);
    this.outputSize = perAxis("Fold", "outputSize", outputSize, 2, 1);
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, padding, outputSize } = this;
    const windows = this.windows("Fold", outputSize);
    const [area, count] = [sizeOf(kernelSize), sizeOf(windows.output)];
    const [batch, rows, columns] = x.shape as [number, number, number];
    if (x.rank !== 3 || rows % area !== 0 || columns !== count) {
      throw new ShapeError(
        `Fold: the input must be [N, C·${area}, ${count}] for an image of [${outputSize.join(", ")}], ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const apart = x.reshape(batch, rows / area, ...kernelSize, ...windows.output).permute(0, 1, 4, 5, 2, 3);
    const cuts = padding.map((cut, i) => [cut, cut + outputSize[i]!] as const);
    return fold(apart, windows).slice(null, null, ...cuts);
  }
}
