/** The side of a texture that every WebGL2 device has at least, and most have four times. */
export const leastTextureSize = 2048;

/** The width and height of the texture that holds a number of elements, row by row. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
}

/**
 * The texture for `length` elements: its width is a power of two, so that positions split by shifts, and at most its
 * height, so that few widths exist and one compiled kernel serves inputs of many lengths. Only a single element has
 * a height of 1.
 */
export function sheetOf(length: number): Sheet {
  const width = 2 ** Math.floor(Math.log2(Math.sqrt(Math.max(1, length))));
  return { width, height: Math.max(1, Math.ceil(length / width)) };
}
