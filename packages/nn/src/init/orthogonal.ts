import { ShapeError, tensor } from "@chainrule/core";
import { hostDraws, normalDraw } from "./host-draws.ts";
import type { Initializer } from "./initializer.ts";

/** How wide the orthogonal initialiser is. */
export interface OrthogonalOptions {
  /** 1 unless given; see `calculateGain`. */
  readonly gain?: number;
}

/**
 * A random (half-)orthogonal matrix times the gain: rows are orthonormal where there are no more of them than columns,
 * else columns are; axes past the first count as one. Every such matrix is as likely as any other: it is the Q of a
 * normal matrix, with signs that make the diagonal of R positive. Saxe et al., "Exact solutions to the nonlinear
 * dynamics of learning in deep linear neural networks", ICLR 2014.
 *
 * @throws ShapeError below rank 2.
 */
export const orthogonal =
  (options: OrthogonalOptions = {}): Initializer =>
  (shape, { dtype = "float32", generator } = {}) => {
    const { gain = 1 } = options;
    if (shape.length < 2) {
      throw new ShapeError(`orthogonal: takes matrices, and [${shape.join(", ")}] has fewer than 2 axes`);
    }
    const size = shape.reduce((product, n) => product * n, 1);
    const rows = shape[0]!;
    const columns = rows === 0 ? 0 : size / rows;
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
    const draws = hostDraws(generator);
    const vectors = Array.from({ length: count }, () =>
      Float64Array.from({ length }, () => normalDraw(draws)),
    );
    orthonormalize(vectors);
    const data = new Float64Array(size);
    vectors.forEach((vector, i) => {
      vector.forEach((value, j) => {
        data[rows <= columns ? i * columns + j : j * columns + i] = gain * value;
      });
    });
    return tensor(data, { shape, dtype });
  };

/**
 * Gram–Schmidt, each vector against those before it, and twice over, which leaves them orthogonal to rounding: it is
 * the Q of a factorisation whose R has a positive diagonal.
 */
function orthonormalize(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, i) => {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) subtract(vector, vectors[k]!, dot(vector, vectors[k]!));
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let j = 0; j < vector.length; j++) vector[j]! /= length;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

function subtract(from: Float64Array, other: Float64Array, factor: number): void {
  for (let j = 0; j < from.length; j++) from[j]! -= factor * other[j]!;
}
