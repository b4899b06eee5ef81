import { DtypeError, type Tensor } from "@chainrule/core";
import { Pool, largestOf, type PoolOptions } from "./pooling.ts";
import { checkSpatial, spatialOf, type Extent } from "./spatial.ts";

/** Options of MaxPool1d and MaxPool2d. */
export interface MaxPoolOptions extends PoolOptions {
  /** From one element of a window to the next; 1 unless given. */
  readonly dilation?: Extent;
}

/** What MaxPool1d and MaxPool2d share. */
abstract class MaxPool extends Pool {
  constructor(rank: number, kernelSize: Extent, options: MaxPoolOptions) {
    super(`MaxPool${rank}d`, rank, kernelSize, options, options.dilation ?? 1);
  }

  override forward(x: Tensor): Tensor {
    checkSpatial(`MaxPool${this.kernelSize.length}d`, x, null, this.kernelSize.length);
    if (
      !x.dtype.startsWith("float") &&
      this.margins(spatialOf(x))
        .flat()
        .some((margin) => margin > 0)
    ) {
      throw new DtypeError(
        `MaxPool${this.kernelSize.length}d: padding is −∞, which ${x.dtype} has not; use .cast("float32")`,
      );
    }
    return largestOf(this.padded(x, -Infinity), this.windows(spatialOf(x)));
  }
}

/**
 * The largest element of each window over sequences [N, C, L]; NaN where it sees one. Beyond the edge lies −∞. Where
 * elements tie, the first gets the gradient.
 *
 * @throws OptionError where a number is not whole or too small, or padding exceeds half a window; from `forward`
 * ShapeError where the input is not [N, C, L], or a window is larger than the padded input, DtypeError where integers
 * are padded.
 */
export class MaxPool1d extends MaxPool {
  constructor(kernelSize: Extent, options: MaxPoolOptions = {}) {
    super(1, kernelSize, options);
  }
}

/**
 * The largest element of each window over images [N, C, H, W]: as `MaxPool1d`, ties in row-major order.
 *
 * @throws as `MaxPool1d`.
 */
export class MaxPool2d extends MaxPool {
  constructor(kernelSize: Extent, options: MaxPoolOptions = {}) {
    super(2, kernelSize, options);
  }
}
