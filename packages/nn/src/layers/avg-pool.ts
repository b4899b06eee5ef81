import { tensor, type Tensor } from "@chainrule/core";
import { Pool, sumOf, type PoolOptions } from "./pooling.ts";
import { meanDtype } from "./resample.ts";
import { checkSpatial, spatialOf, type Extent, type Windows } from "./spatial.ts";

/** Options of AvgPool1d and AvgPool2d. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether the zeros of the padding count as elements; what `ceilMode` adds never does. True unless given. */
  readonly countIncludePad?: boolean;
}

/** What AvgPool1d and AvgPool2d share. */
abstract class AvgPool extends Pool {
  readonly countIncludePad: boolean;

  constructor(rank: number, kernelSize: Extent, options: AvgPoolOptions) {
    super(`AvgPool${rank}d`, rank, kernelSize, options, 1);
    this.countIncludePad = options.countIncludePad ?? true;
  }

  override forward(x: Tensor): Tensor {
    checkSpatial(`AvgPool${this.kernelSize.length}d`, x, null, this.kernelSize.length);
    const windows = this.windows(spatialOf(x));
    const sums = sumOf(this.padded(x, 0), windows);
    if (this.countIncludePad && !this.ceilMode) {
      return sums.div(this.kernelSize.reduce((product, size) => product * size, 1));
    }
    return windows.output.reduce((y, _, i) => y.div(this.#counted(x, windows, i)), sums);
  }

  /** How many elements along one axis each window sees of x, and of its padding where that counts, to be divided by. */
  #counted(x: Tensor, { output, kernel, stride }: Windows, axis: number): Tensor {
    const [size, margin] = [spatialOf(x)[axis]!, this.padding[axis]!];
    const [first, end] = this.countIncludePad ? [0, size + 2 * margin] : [margin, size + margin];
    const counts = Array.from({ length: output[axis]! }, (_, i) => {
      const start = i * stride[axis]!;
      return Math.min(start + kernel[axis]!, end) - Math.max(start, first);
    });
    const shape = [counts.length, ...output.slice(axis + 1).map(() => 1)];
    return tensor(counts, { dtype: meanDtype(x) }).reshape(shape);
  }
}

/**
 * The mean of each window over sequences [N, C, L]. Beyond the edge lie zeros, which count unless told otherwise.
 *
 * @throws OptionError where a number is not whole or too small, or padding exceeds half a window; from `forward`
 * ShapeError where the input is not [N, C, L], or a window is larger than the padded input.
 */
export class AvgPool1d extends AvgPool {
  constructor(kernelSize: Extent, options: AvgPoolOptions = {}) {
    super(1, kernelSize, options);
  }
}

/**
 * The mean of each window over images [N, C, H, W]: as `AvgPool1d`.
 *
 * @throws as `AvgPool1d`.
 */
export class AvgPool2d extends AvgPool {
  constructor(kernelSize: Extent, options: AvgPoolOptions = {}) {
    super(2, kernelSize, options);
  }
}
