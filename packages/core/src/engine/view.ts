import { contiguousStrides, sameShape, sizeOf, type Shape } from "../shape.ts";

/** The half-open range of indices along one axis that lies inside the data. */
export type Range = readonly [low: number, high: number];

/**
 * How an index space reads a flat buffer: element `i` is at `offset + Σ iₐ·stridesₐ`, or is 0 where some `iₐ` is
 * outside its mask. Movement operations transform views and copy nothing; a method returns null where the result
 * is not a view of this form, and the caller then stores the elements first.
 */
export class View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly mask: readonly Range[] | null;

  constructor(shape: Shape, strides: readonly number[], offset = 0, mask: readonly Range[] | null = null) {
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.mask = mask !== null && mask.every(([low, high], i) => low <= 0 && high >= shape[i]!) ? null : mask;
  }

  static contiguous(shape: Shape): View {
    return new View(shape, contiguousStrides(shape));
  }

  /** Zeros alone; a shape without axes has no mask to say so. */
  static #hidden(shape: Shape): View {
    const none = shape.map(() => 0);
    return new View(
      shape,
      none,
      0,
      none.map((): Range => [0, 0]),
    );
  }

  get #isHidden(): boolean {
    return this.mask !== null && this.mask.some(([low, high]) => low >= high);
  }

  /** Whether index order is buffer order, from element 0 on. */
  get isContiguous(): boolean {
    if (this.offset !== 0 || this.mask !== null) return false;
    let stride = 1;
    for (let i = this.shape.length - 1; i >= 0; i--) {
      if (this.shape[i] !== 1 && this.strides[i] !== stride) return false;
      stride *= this.shape[i]!;
    }
    return true;
  }

  permute(order: readonly number[]): View {
    const { shape, strides, mask } = this;
    return new View(
      order.map((axis) => shape[axis]!),
      order.map((axis) => strides[axis]!),
      this.offset,
      mask && order.map((axis) => mask[axis]!),
    );
  }

  /** Repeats axes of size 1 up to `shape`, which has the same rank. */
  expand(shape: Shape): View {
    const repeated = (axis: number): boolean => this.shape[axis] === 1 && shape[axis] !== 1;
    return new View(
      shape,
      this.strides.map((stride, axis) => (repeated(axis) ? 0 : stride)),
      this.offset,
      this.mask &&
        this.mask.map(([low, high], axis): Range => {
          if (!repeated(axis)) return [low, high];
          return low <= 0 && high >= 1 ? [0, shape[axis]!] : [0, 0];
        }),
    );
  }

  /** Adds `before` and `after` zeros around each axis. */
  pad(padding: readonly (readonly [before: number, after: number])[]): View {
    const shape = this.shape.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    let { offset } = this;
    const mask = this.shape.map((size, axis): Range => {
      const before = padding[axis]![0];
      offset -= before * this.strides[axis]!;
      const [low, high] = this.mask?.[axis] ?? [0, size];
      return [low + before, high + before];
    });
    return new View(shape, this.strides, offset, mask);
  }

  /** Every `steps[a]`-th index of axis `a` from `starts[a]` on, `sizes[a]` of them. */
  slice(starts: readonly number[], sizes: readonly number[], steps: readonly number[]): View {
    let { offset } = this;
    const strides = this.strides.map((stride, axis) => {
      offset += stride * starts[axis]!;
      return stride * steps[axis]!;
    });
    const mask =
      this.mask &&
      this.mask.map(([low, high], axis): Range => {
        const inside = (bound: number): number =>
          Math.min(sizes[axis]!, Math.max(0, Math.ceil((bound - starts[axis]!) / steps[axis]!)));
        return [inside(low), inside(high)];
      });
    return new View(sizes, strides, offset, mask);
  }

  flip(axes: readonly number[]): View {
    let { offset } = this;
    const strides = [...this.strides];
    const mask = this.mask && [...this.mask];
    for (const axis of axes) {
      const size = this.shape[axis]!;
      offset += strides[axis]! * Math.max(0, size - 1);
      strides[axis] = -strides[axis]!;
      if (mask) mask[axis] = [size - mask[axis]![1], size - mask[axis]![0]];
    }
    return new View(this.shape, strides, offset, mask);
  }

  /** Windows of `size` elements, `dilation` apart, every `stride` along `axis`; the window is a new last axis. */
  window(axis: number, size: number, stride: number, dilation: number): View | null {
    const count = Math.floor((this.shape[axis]! - (size - 1) * dilation - 1) / stride) + 1;
    const shape = [...this.shape, size];
    shape[axis] = count;
    const strides = [...this.strides, this.strides[axis]! * dilation];
    strides[axis] = this.strides[axis]! * stride;
    if (this.mask === null) return new View(shape, strides, this.offset);
    if (this.#isHidden) return View.#hidden(shape);
    const ranges = windowRanges(this.mask[axis]!, count, size, stride, dilation);
    if (ranges === null) return null;
    const mask = [...this.mask, ranges[1]];
    mask[axis] = ranges[0];
    return new View(shape, strides, this.offset, mask);
  }

  /**
   * The same elements in the same order under another shape. Each shortest run of old axes that becomes a run of new
   * ones is walked by itself: its unmasked part must be one evenly strided stretch, and that a box of the new axes.
   */
  reshape(shape: Shape): View | null {
    if (sameShape(shape, this.shape)) return this;
    if (sizeOf(shape) === 0) return View.contiguous(shape);
    if (this.#isHidden) return shape.length > 0 ? View.#hidden(shape) : null;
    const old = this.shape.map((_, axis) => axis).filter((axis) => this.shape[axis] !== 1);
    const strides: number[] = shape.map(() => 0);
    const mask: Range[] = shape.map((size) => [0, size]);
    let { offset } = this;
    let from = 0;
    let to = 0;
    while (from < old.length) {
      while (shape[to] === 1) to++;
      const first = from;
      const firstNew = to;
      let before = this.shape[old[from++]!]!;
      let after = shape[to++]!;
      while (before !== after) {
        if (before < after) before *= this.shape[old[from++]!]!;
        else after *= shape[to++]!;
      }
      const stretch = this.#stretchOf(old.slice(first, from));
      const box = stretch && boxOf(stretch.range, shape.slice(firstNew, to));
      if (box === null) return null;
      const { stride, start, range } = stretch!;
      offset += start - range[0] * stride;
      let inner = stride;
      for (let i = to - 1; i >= firstNew; i--) {
        strides[i] = inner;
        inner *= shape[i]!;
        mask[i] = box[i - firstNew]!;
      }
    }
    return new View(shape, strides, offset, this.mask && mask);
  }

  /**
   * The unmasked part of a run of axes as a stretch of their row-major positions, with the address of its first
   * element and the stride from one to the next. Null where it is no such stretch.
   */
  #stretchOf(axes: readonly number[]): { range: Range; start: number; stride: number } | null {
    let [low, high] = [0, 1];
    let start = 0;
    let stride = 0;
    for (const axis of axes) {
      const size = this.shape[axis]!;
      const [from, to] = this.mask?.[axis] ?? [0, size];
      const step = this.strides[axis]!;
      if (high - low === 1) {
        [low, high] = [low * size + Math.max(0, from), low * size + Math.min(size, to)];
        start += Math.max(0, from) * step;
      } else {
        if (from > 0 || to < size || stride !== step * size) return null;
        [low, high] = [low * size, high * size];
      }
      stride = step;
    }
    return { range: [low, high], start, stride };
  }
}

/** For each axis of `shape`, the range that together are the row-major positions `low` to `high`, if they are a box. */
function boxOf([low, high]: Range, shape: Shape): Range[] | null {
  const [size, ...rest] = shape;
  if (size === undefined) return [];
  const inner = sizeOf(rest);
  const [first, end] = [Math.floor(low / inner), Math.ceil(high / inner)];
  const within: Range = end - first === 1 ? [low - first * inner, high - first * inner] : [0, inner];
  if (end - first > 1 && (low % inner !== 0 || high % inner !== 0)) return null;
  const box = boxOf(within, rest);
  return box && [[first, end], ...box];
}

/** The indices i < `count` and k < `size` for which i·stride + k·dilation is in the range, if they are a box. */
function windowRanges(
  [low, high]: Range,
  count: number,
  size: number,
  stride: number,
  dilation: number,
): readonly [outer: Range, inner: Range] | null {
  let outer: Range | null = null;
  let inner: Range = [0, 0];
  for (let i = 0; i < count; i++) {
    const inside = (bound: number): number =>
      Math.min(size, Math.max(0, Math.ceil((bound - i * stride) / dilation)));
    const [from, to] = [inside(low), inside(high)];
    if (from >= to) continue;
    if (outer === null)
      [outer, inner] = [
        [i, i + 1],
        [from, to],
      ];
    else if (outer[1] === i && from === inner[0] && to === inner[1]) outer = [outer[0], i + 1];
    else return null;
  }
  return [outer ?? [0, 0], inner];
}
