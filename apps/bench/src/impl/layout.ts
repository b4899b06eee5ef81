/** Where an axis order leads: element by element, `shape` with its axes in the order of `axes`. */
export function permuted(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, extent) => size * extent, 1));
  const result = new Float32Array(values.length);
  const index = axes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!;
    for (let k = axes.length - 1; k >= 0; k--) {
      const axis = axes[k]!;
      from += strides[axis]!;
      if (++index[k]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[k] = 0;
    }
  }
  return result;
}

/** How a framework stores what PyTorch stores in the order of `shape`. */
export interface Layout {
  /** PyTorch's; an axis may be split into several. */
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  /** Of the stored tensor; as many elements. */
  readonly stored: readonly number[];
}

export const toStored = (values: Float32Array, { shape, axes }: Layout): Float32Array =>
  permuted(values, shape, axes);

export function fromStored(values: Float32Array, { shape, axes }: Layout): Float32Array {
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  return permuted(
    values,
    axes.map((axis) => shape[axis]!),
    inverse,
  );
}

/** Stored as PyTorch does. */
export const plain = (shape: readonly number[]): Layout => ({
  shape,
  axes: shape.map((_, axis) => axis),
  stored: shape,
});

/** Axes in another order, as they are. */
export const reordered = (shape: readonly number[], axes: readonly number[]): Layout => ({
  shape,
  axes,
  stored: axes.map((axis) => shape[axis]!),
});
