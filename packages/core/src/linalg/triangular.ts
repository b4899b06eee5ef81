import { customGradient, eye } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asColumns, block, checkSquare, padBlock } from "./check.ts";

/** Options of solveTriangular. */
export interface SolveTriangularOptions {
  /** Which triangle of the matrix is read: the lower unless this is false; the other counts as zeros. */
  readonly lower?: boolean;
}

/**
 * The solution X of A·X = B for a triangular A [..., n, n] and B [..., n, k], or a vector [n]; X has the shape of B. The
 * gradients are those of the solution: B̄ = A⁻ᵀ·X̄, Ā = −B̄·Xᵀ on the triangle. A zero on the diagonal gives infinities
 * and NaN; `solve` and `lstsq` say so instead. Golub and Van Loan, "Matrix computations", 2013, section 3.1.
 *
 * @throws ShapeError where the shapes do not fit, DtypeError unless both have the same float dtype.
 */
export function solveTriangular(a: Tensor, b: Tensor, options: SolveTriangularOptions = {}): Tensor {
  const { lower = true } = options;
  checkSquare("solveTriangular", a);
  const columns = asColumns("solveTriangular", a, b);
  const triangle = (m: Tensor): Tensor => (lower ? m.tril() : m.triu());
  const solve = customGradient(
    (matrix, right) => {
      const clean = triangle(matrix);
      const inverse = lower ? invertLower(clean) : invertLower(clean.T).T;
      const rough = inverse.matmul(right);
      // The product with an inverse leaves a residual that substitution would not; one refinement takes it away.
      return rough.add(inverse.matmul(right.sub(clean.matmul(rough))));
    },
    (upstream, x, matrix) => {
      const forRight = solveTriangular(matrix.T, upstream, { lower: !lower });
      return [triangle(forRight.matmul(x.T)).neg(), forRight];
    },
  );
  const x = solve(a, columns);
  return b.rank === 1 ? x.squeeze(x.rank - 1) : x;
}

/**
 * The inverse of lower triangular matrices by halves, [[A, 0], [B, C]]⁻¹ = [[A⁻¹, 0], [−C⁻¹·B·A⁻¹, C⁻¹]], all blocks of
 * one size at once: a graph of log₂ n levels in place of n steps of substitution.
 */
function invertLower(lower: Tensor): Tensor {
  const n = lower.shape.at(-1)!;
  const batch = lower.shape.slice(0, -2);
  const size = 2 ** Math.ceil(Math.log2(n));
  // Ones on the added diagonal: the added blocks are their own inverses.
  const added = padBlock(eye(size - n, size - n, { dtype: lower.dtype }), [n, 0], [n, 0]);
  const whole = size === n ? lower : padBlock(lower, [0, size - n], [0, size - n]).add(added);
  let inverses = diagonalBlocks(whole, 1).reciprocal();
  for (let half = 1; half < size; half *= 2) {
    const pairs = inverses.reshape(...batch, size / half / 2, 2, half, half);
    const everyBlock = batch.map(() => null);
    const a = pairs.slice(...everyBlock, null, 0);
    const c = pairs.slice(...everyBlock, null, 1);
    const b = block(diagonalBlocks(whole, 2 * half), [half, null], [0, half]);
    const corner = c.matmul(b.matmul(a)).neg();
    inverses = padBlock(a, [0, half], [0, half])
      .add(padBlock(corner, [half, 0], [0, half]))
      .add(padBlock(c, [half, 0], [half, 0]));
  }
  return block(inverses.reshape(...batch, size, size), [0, n], [0, n]);
}

/** The square blocks along the diagonal, as [..., count, width, width]. */
function diagonalBlocks(matrix: Tensor, width: number): Tensor {
  const batch = matrix.shape.slice(0, -2);
  const count = matrix.shape.at(-1)! / width;
  const rank = batch.length;
  return matrix
    .reshape(...batch, count, width, count, width)
    .transpose(rank + 1, rank + 2)
    .reshape(...batch, count * count, width, width)
    .slice(...batch.map(() => null), [null, null, count + 1]);
}
