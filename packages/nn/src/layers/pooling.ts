import { customGradient, gradient, OptionError, arange, where, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { Module } from "../module.ts";
import {
  axesBetween,
  perAxis,
  textOfExtent,
  unfold,
  windowsOver,
  type Extent,
  type Windows,
} from "./spatial.ts";

/** Options that poolings share. */
export interface PoolOptions {
  /** From one window to the next; the window's size unless given. */
  readonly stride?: Extent;
  /** Elements around each axis, at most half a window; 0 unless given. */
  readonly padding?: Extent;
}

/** What poolings over windows of a fixed size share. */
export abstract class Pool extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly #layer: string;

  constructor(layer: string, rank: number, kernelSize: Extent, options: PoolOptions, dilation: Extent) {
    super();
    this.#layer = layer;
    this.kernelSize = perAxis(layer, "kernelSize", kernelSize, rank, 1);
    this.stride = perAxis(layer, "stride", options.stride ?? kernelSize, rank, 1);
    this.padding = perAxis(layer, "padding", options.padding ?? 0, rank, 0);
    this.dilation = perAxis(layer, "dilation", dilation, rank, 1);
    if (this.padding.some((margin, i) => 2 * margin > this.kernelSize[i]!)) {
      throw new OptionError(
        `${layer}: padding is at most half a window, not ${textOfExtent(this.padding)} of ` +
          `${textOfExtent(this.kernelSize)}: some windows would see nothing`,
      );
    }
  }

  /** The windows over spatial axes of these sizes, before padding. */
  protected windows(sizes: readonly number[]): Windows {
    const padded = sizes.map((size, i) => size + 2 * this.padding[i]!);
    return windowsOver(this.#layer, padded, this.kernelSize, this.stride, this.dilation);
  }

  /** x [N, C, …] with `value` around its spatial axes. */
  protected padded(x: Tensor, value: number): Tensor {
    return x.pad([[0, 0], [0, 0], ...this.padding.map((n) => [n, n] as const)], value);
  }

  protected override describe(): string {
    const { kernelSize, stride, padding, dilation } = this;
    return Object.entries({ kernelSize, stride, padding, dilation })
      .map(([name, sizes]) => `${name}=${textOfExtent(sizes)}`)
      .join(", ");
  }
}

/**
 * The largest of the last `count` axes. The gradient goes to the first of those that tie, as PyTorch's poolings have it;
 * the maximum of tensors shares it.
 */
export function largest(x: Tensor, count: number): Tensor {
  const axes = axesBetween(x.rank - count, x.rank);
  const places = arange(sizeOf(x.shape.slice(x.rank - count)));
  const chosen = (t: Tensor, y: Tensor): Tensor => {
    const flat = t.flatten(t.rank - count);
    const isLargest = flat.equal(y.expandDims(-1)).logicalOr(flat.notEqual(flat));
    const first = where(isLargest, places, places.size).min(-1, { keepDims: true });
    return where(places.equal(first), flat, 0).sum(-1);
  };
  return customGradient(
    (t) => t.max(axes),
    (upstream, y, t) => gradient(chosen(t, y.stopGradient()), [t], { upstream }),
  )(x);
}

/** The largest of each window. */
export const largestOf = (x: Tensor, windows: Windows): Tensor =>
  largest(unfold(x, windows), windows.kernel.length);

/** The sum of each window. */
export function sumOf(x: Tensor, windows: Windows): Tensor {
  const all = unfold(x, windows);
  return all.sum(axesBetween(all.rank - windows.kernel.length, all.rank));
}
