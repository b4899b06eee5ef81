import { gzipSync } from "node:zlib";

/** The bytes of an IDX file with any header over any body. */
export function idxBytes(code: number, shape: readonly number[], body: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
  bytes.set(body, 4 + 4 * shape.length);
  return bytes;
}

export const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

/** A tiny data set in MNIST's form: `count` training and 2 test images of 2×3, labels running 0 to 9. */
export function tinyMnist(count = 4): Record<string, Uint8Array> {
  const images = (n: number): Uint8Array =>
    idxBytes(
      8,
      [n, 2, 3],
      Uint8Array.from({ length: n * 6 }, (_, i) => i * 5),
    );
  const labels = (n: number): Uint8Array =>
    idxBytes(
      8,
      [n],
      Uint8Array.from({ length: n }, (_, i) => i % 10),
    );
  return {
    "train-images-idx3-ubyte": images(count),
    "train-labels-idx1-ubyte": labels(count),
    "t10k-images-idx3-ubyte": images(2),
    "t10k-labels-idx1-ubyte": labels(2),
  };
}
