import {
  arange,
  customGradient,
  full,
  OptionError,
  where,
  type SliceSpec,
  type Tensor,
} from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { Module } from "../module.ts";
import {
  axesBetween,
  fold,
  perAxis,
  spatialOf,
  textOfExtent,
  unfold,
  windowsOver,
  type Extent,
  type Margin,
  type Windows,
} from "./spatial.ts";

/** Options that poolings share. */
export interface PoolOptions {
  /** From one window to the next; the window's size unless given. */
  readonly stride?: Extent;
  /** Elements around each axis, at most half a window; 0 unless given. */
  readonly padding?: Extent;
  /** Whether a last window may reach beyond the padded input, if it starts within input or the padding before it; false unless given. */
  readonly ceilMode?: boolean;
}

/** What poolings over windows of a fixed size share. */
export abstract class Pool extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
  readonly #layer: string;

  constructor(layer: string, rank: number, kernelSize: Extent, options: PoolOptions, dilation: Extent) {
    super();
    this.#layer = layer;
    this.kernelSize = perAxis(layer, "kernelSize", kernelSize, rank, 1);
    this.stride = perAxis(layer, "stride", options.stride ?? kernelSize, rank, 1);
    this.padding = perAxis(layer, "padding", options.padding ?? 0, rank, 0);
    this.dilation = perAxis(layer, "dilation", dilation, rank, 1);
    this.ceilMode = options.ceilMode ?? false;
    if (this.padding.some((margin, i) => 2 * margin > this.kernelSize[i]!)) {
      throw new OptionError(
        `${layer}: padding is at most half a window, not ${textOfExtent(this.padding)} of ` +
          `${textOfExtent(this.kernelSize)}: some windows would see nothing`,
      );
    }
  }

  /** The windows over spatial axes of these sizes, before padding. */
  protected windows(sizes: readonly number[]): Windows {
    const padded = this.margins(sizes).map(([before, after], i) => before + sizes[i]! + after);
    return windowsOver(this.#layer, padded, this.kernelSize, this.stride, this.dilation);
  }

  /** What goes around spatial axes of these sizes: the padding, and behind it what the last window overhangs. */
  protected margins(sizes: readonly number[]): Margin[] {
    return sizes.map((size, i) => {
      const [margin, stride] = [this.padding[i]!, this.stride[i]!];
      if (!this.ceilMode) return [margin, margin];
      const free = size + 2 * margin - (this.kernelSize[i]! - 1) * this.dilation[i]! - 1;
      const last = Math.ceil(free / stride) * stride;
      const start = last < size + margin ? last : last - stride;
      return [margin, margin + Math.max(0, start - free)];
    });
  }

  /** x [N, C, …] with `value` around its spatial axes. */
  protected padded(x: Tensor, value: number): Tensor {
    return x.pad([[0, 0], [0, 0], ...this.margins(spatialOf(x))], value);
  }

  protected override describe(): string {
    const { kernelSize, stride, padding, dilation } = this;
    const sizes = Object.entries({ kernelSize, stride, padding, dilation }).map(
      ([name, extent]) => `${name}=${textOfExtent(extent)}`,
    );
    return [...sizes, ...(this.ceilMode ? ["ceilMode=true"] : [])].join(", ");
  }
}

/** Windows of no more elements are compared element by element, in the kernel of whoever reads the result. */
const few = 16;

/** The k-th element of the last `count` axes. */
function elementOf(x: Tensor, count: number, k: number): Tensor {
  const head = x.shape.slice(0, -count);
  const at: SliceSpec[] = [];
  let rest = k;
  for (const size of x.shape.slice(-count).toReversed()) {
    at.unshift([rest % size, (rest % size) + 1]);
    rest = Math.floor(rest / size);
  }
  return x.slice(...head.map(() => null), ...at).reshape(head);
}

function maximumOf(x: Tensor, count: number): Tensor {
  const size = sizeOf(x.shape.slice(-count));
  if (size > few || size < 1) return x.max(axesBetween(x.rank - count, x.rank));
  let y = elementOf(x, count, 0);
  for (let k = 1; k < size; k++) y = y.maximum(elementOf(x, count, k));
  return y;
}

/** `upstream` where x has y, its maximum over the last axes, for the first time in row-major order, else 0. */
function giveToFirst(upstream: Tensor, x: Tensor, y: Tensor, count: number): Tensor {
  const window = x.shape.slice(-count);
  const size = sizeOf(window);
  const apart = (t: Tensor): Tensor => t.reshape(...t.shape, ...window.map(() => 1));
  const isHit = (t: Tensor, of: Tensor): Tensor => t.equal(of).logicalOr(t.notEqual(t));
  const places = arange(size).reshape(window);
  const axes = axesBetween(x.rank - count, x.rank);
  let first: Tensor;
  if (size > few) first = where(isHit(x, apart(y)), places, size).min(axes, { keepDims: true });
  else {
    let place = full(y.shape, size - 1, { dtype: "int32" });
    for (let k = size - 2; k >= 0; k--) place = where(isHit(elementOf(x, count, k), y), k, place);
    first = apart(place);
  }
  return where(places.equal(first), apart(upstream), 0);
}

/**
 * The largest of the last `count` axes. The gradient goes to the first of those that tie, as PyTorch's poolings have it;
 * the maximum of tensors shares it.
 */
export const largest = (x: Tensor, count: number): Tensor =>
  customGradient(
    (t) => maximumOf(t, count),
    (upstream, y, t) => [giveToFirst(upstream, t, y, count)],
  )(x);

/** The largest of each window. */
export function largestOf(x: Tensor, windows: Windows): Tensor {
  const count = windows.kernel.length;
  return customGradient(
    (t) => maximumOf(unfold(t, windows), count),
    (upstream, y, t) => [fold(giveToFirst(upstream, unfold(t, windows), y, count), windows)],
  )(x);
}

/** The sum of each window. */
export function sumOf(x: Tensor, windows: Windows): Tensor {
  const all = unfold(x, windows);
  return all.sum(axesBetween(all.rank - windows.kernel.length, all.rank));
}
