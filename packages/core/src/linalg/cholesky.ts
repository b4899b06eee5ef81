import { concat, customGradient, eye } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { block, checkSquare, padBlock } from "./check.ts";
import { solveTriangular } from "./triangular.ts";

/**
 * The lower triangular L with L·Lᵀ = A and a positive diagonal, for symmetric positive definite matrices A [..., n, n];
 * of others the symmetric part ½(A + Aᵀ) is taken. With P = Lᵀ·L̄ on the lower triangle, its diagonal halved, the gradient
 * is the symmetric part of L⁻ᵀ·P·L⁻¹ (Murray, "Differentiation of the Cholesky decomposition", 2016). Where A is not
 * positive definite the columns from there on are NaN; `solve` with `positiveDefinite` says so instead.
 *
 * @throws ShapeError unless A is square, DtypeError unless it is float32 or float64.
 */
export function cholesky(a: Tensor): Tensor {
  checkSquare("cholesky", a);
  return customGradient(
    (matrix) => factor(matrix.add(matrix.T).mul(0.5)),
    (upstream, l) => {
      const n = l.shape.at(-1)!;
      const product = l.T.matmul(upstream.tril());
      const p = product.tril().sub(product.mul(eye(n, n, { dtype: l.dtype })).mul(0.5));
      const left = solveTriangular(l.T, p, { lower: false });
      const both = solveTriangular(l.T, left.T, { lower: false });
      return [both.add(both.T).mul(0.5)];
    },
  )(a);
}

function factor(a: Tensor): Tensor {
  const n = a.shape.at(-1)!;
  const columns: Tensor[] = [];
  let rest = a;
  for (let k = 0; k < n; k++) {
    const column = block(rest, [0, null], [0, 1]).div(block(rest, [0, 1], [0, 1]).sqrt());
    columns.push(padBlock(block(column, [0, n - k], [0, 1]), [k, 0], [0, 0]));
    // What is left moves up to the corner in a matrix of one size: every step is then the same kernel.
    const next = rest.sub(column.matmul(column.T));
    rest = padBlock(block(next, [1, null], [1, null]), [0, 1], [0, 1]);
  }
  return concat(columns, a.rank - 1);
}
