/** An array in the plainest form there is: a shape, and doubles in row-major order. */
export interface Dense {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The number of elements of a shape. */
export const countOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** An array of given elements. */
export function dense(shape: readonly number[], data: Iterable<number>): Dense {
  const array = { shape: [...shape], data: Float64Array.from(data) };
  if (array.data.length !== countOf(shape)) {
    throw new Error(`reference: ${array.data.length} elements do not fill [${shape.join(", ")}]`);
  }
  return array;
}

/** The array whose element at each position is `value(position)`. */
export function generate(shape: readonly number[], value: (position: readonly number[]) => number): Dense {
  const data = new Float64Array(countOf(shape));
  const position = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(position);
    advance(position, shape);
  }
  return { shape: [...shape], data };
}

/** Moves to the next position in row-major order. */
function advance(position: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis]!++;
    if (position[axis]! < shape[axis]!) return;
    position[axis] = 0;
  }
}

/** The element at a position. */
export function at({ shape, data }: Dense, position: readonly number[]): number {
  return data[offsetOf(shape, position)]!;
}

/** Where a position lies in row-major order. */
export function offsetOf(shape: readonly number[], position: readonly number[]): number {
  return shape.reduce((offset, size, axis) => offset * size + position[axis]!, 0);
}

/** `axis` counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
