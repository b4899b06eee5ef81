import * as ops from "../ops/reductions.ts";
import type { Axes } from "../ops/reductions.ts";
import { ElementwiseMethods } from "./elementwise.ts";

/** How a reduction leaves the axes that it folds: gone, or with size 1. */
export interface ReduceOptions {
  readonly keepDims?: boolean;
}

/** `correction` is subtracted from the count: 1 (the default) for a sample, 0 for a whole population. */
export interface VarianceOptions extends ReduceOptions {
  readonly correction?: number;
}

/** Operations that fold axes: one, several, or all where none is named. */
export abstract class ReductionMethods<T> extends ElementwiseMethods<T> {
  /** Σ x; bool and uint8 are summed as int32. */
  sum(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.sum(this.node, axes, options.keepDims));
  }
  /** Σ x / n; integers become float32. */
  mean(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.mean(this.node, axes, options.keepDims));
  }
  /** The largest element; NaN where there is one. Its gradient is shared evenly by all that tie. */
  max(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.max(this.node, axes, options.keepDims));
  }
  /** The smallest element; NaN where there is one. */
  min(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.min(this.node, axes, options.keepDims));
  }
  /** Π x; its derivatives of every order are exact at zeros too. */
  prod(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.prod(this.node, axes, options.keepDims));
  }
  /** Σ(x − x̄)²/(n − correction). */
  variance(axes?: Axes, options: VarianceOptions = {}): T {
    return this.wrap(ops.variance(this.node, axes, options.keepDims, options.correction));
  }
  /** The square root of the variance. */
  std(axes?: Axes, options: VarianceOptions = {}): T {
    return this.wrap(ops.std(this.node, axes, options.keepDims, options.correction));
  }
  /** Whether all elements are other than 0. */
  all(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.all(this.node, axes, options.keepDims));
  }
  /** Whether some element is other than 0. */
  any(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.any(this.node, axes, options.keepDims));
  }
  /** The first index of the largest element along an axis, or in row-major order; int32. */
  argmax(axis?: number, options: ReduceOptions = {}): T {
    return this.wrap(ops.argmax(this.node, axis, options.keepDims));
  }
  /** The first index of the smallest element along an axis, or in row-major order; int32. */
  argmin(axis?: number, options: ReduceOptions = {}): T {
    return this.wrap(ops.argmin(this.node, axis, options.keepDims));
  }
  /** ln Σ eˣ, without overflow. */
  logSumExp(axes?: Axes, options: ReduceOptions = {}): T {
    return this.wrap(ops.logSumExp(this.node, axes, options.keepDims));
  }
  /** eˣ/Σ eˣ along an axis, without overflow. */
  softmax(axis = -1): T {
    return this.wrap(ops.softmax(this.node, axis));
  }
  /** x − ln Σ eˣ along an axis. */
  logSoftmax(axis = -1): T {
    return this.wrap(ops.logSoftmax(this.node, axis));
  }
  /** √Σ x² over all elements. */
  norm(): T {
    return this.wrap(ops.norm(this.node));
  }
}
