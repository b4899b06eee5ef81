import { ShapeError, type Tensor } from "@chainrule/core";
import { checkSizes } from "../check.ts";
import { Module } from "../module.ts";

/**
 * Channels as finer pixels: [N, C·r², H, W] gives [N, C, H·r, W·r], y[n, c, h·r + i, w·r + j] = x[n, c·r² + i·r + j, h, w].
 * Shi et al., "Real-time single image and video super-resolution", CVPR 2016.
 *
 * @throws OptionError unless the factor is whole and ≥ 1; from `forward` ShapeError unless x is [N, C·r², H, W].
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    checkSizes("PixelShuffle", { upscaleFactor });
    this.upscaleFactor = upscaleFactor;
  }

  override forward(x: Tensor): Tensor {
    const r = this.upscaleFactor;
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    if (x.rank !== 4 || channels % r ** 2 !== 0) {
      throw new ShapeError(
        `PixelShuffle(${r}): the input must be [N, C·${r ** 2}, H, W], but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const apart = x.reshape(batch, channels / r ** 2, r, r, height, width).permute(0, 1, 4, 2, 5, 3);
    return apart.reshape(batch, channels / r ** 2, height * r, width * r);
  }

  protected override describe(): string {
    return String(this.upscaleFactor);
  }
}
