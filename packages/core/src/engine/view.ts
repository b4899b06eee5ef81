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
    if (this.mask && (this.mask[axis]![0] > 0 || this.mask[axis]![1] < this.shape[axis]!)) return null;
    const count = Math.floor((this.shape[axis]! - (size - 1) * dilation - 1) / stride) + 1;
    const shape = [...this.shape, size];
    shape[axis] = count;
    const strides = [...this.strides, this.strides[axis]! * dilation];
    strides[axis] = this.strides[axis]! * stride;
    let mask: Range[] | null = null;
    if (this.mask) {
      mask = [...this.mask, [0, size]];
      mask[axis] = [0, count];
    }
    return new View(shape, strides, this.offset, mask);
  }

  /**
   * The same elements in the same order under another shape: each run of old axes that becomes a run of new axes
   * must be evenly strided and, unless it is one axis on both sides, unmasked.
   */
  reshape(shape: Shape): View | null {
    if (sameShape(shape, this.shape)) return this;
    if (sizeOf(shape) === 0) return View.contiguous(shape);
    if (this.mask?.some(([low, high], axis) => this.shape[axis] === 1 && (low > 0 || high < 1))) return null;
    const old = this.shape.map((_, axis) => axis).filter((axis) => this.shape[axis] !== 1);
    const strides: number[] = shape.map(() => 0);
    const mask: Range[] = shape.map((size) => [0, size]);
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
      if (from - first === 1 && to - firstNew === 1) {
        strides[firstNew] = this.strides[old[first]!]!;
        if (this.mask) mask[firstNew] = this.mask[old[first]!]!;
        continue;
      }
      for (let i = first; i < from; i++) {
        const axis = old[i]!;
        if (this.mask && (this.mask[axis]![0] > 0 || this.mask[axis]![1] < this.shape[axis]!)) return null;
        if (i + 1 < from && this.strides[axis] !== this.strides[old[i + 1]!]! * this.shape[old[i + 1]!]!)
          return null;
      }
      let stride = this.strides[old[from - 1]!]!;
      for (let i = to - 1; i >= firstNew; i--) {
        strides[i] = stride;
        stride *= shape[i]!;
      }
    }
    return new View(shape, strides, this.offset, this.mask && mask);
  }
}
