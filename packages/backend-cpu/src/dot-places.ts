import type { Shape } from "@chainrule/core";

/** How many indices a box has. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Where a row-major index of a box lies. */
export function placeOf(index: number, sizes: Shape, strides: readonly number[]): number {
  let place = 0;
  for (let axis = strides.length - 1; axis >= 0; axis--) {
    place += (index % sizes[axis]!) * strides[axis]!;
    index = Math.floor(index / sizes[axis]!);
  }
  return place;
}

/** Where each index of a box lies. */
export const placesOf = (sizes: Shape, strides: readonly number[]): Int32Array =>
  Int32Array.from({ length: sizeOf(sizes) }, (_, index) => placeOf(index, sizes, strides));
