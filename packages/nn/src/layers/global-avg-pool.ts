import { ShapeError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { axesBetween } from "./spatial.ts";

/**
 * The mean over all axes behind the channels: [N, C, ...] gives [N, C]. Lin et al., "Network in network", ICLR 2014.
 *
 * @throws ShapeError from `forward` where there is no such axis.
 */
export class GlobalAvgPool extends Module {
  override forward(x: Tensor): Tensor {
    if (x.rank < 3) {
      throw new ShapeError(
        `GlobalAvgPool: the input must be [N, C, ...] with axes to average, but its shape is [${x.shape.join(", ")}]`,
      );
    }
    return x.mean(axesBetween(2, x.rank));
  }
}
