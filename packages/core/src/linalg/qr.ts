import { concat, customGradient, eye, where, zerosLike } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { block, checkMatrix, padBlock } from "./check.ts";
import { solveTriangular } from "./triangular.ts";

/** The factors of a matrix: orthonormal columns, and an upper triangle. */
export interface QR {
  /** [..., m, k] with k = min(m, n) and Qᵀ·Q = I. */
  readonly q: Tensor;
  /** [..., k, n], zero below the diagonal. */
  readonly r: Tensor;
}

/**
 * A = Q·R for matrices [..., m, n], reduced, by Householder reflections; signs are LAPACK's. For m ≥ n the gradient is
 * (Q̄ + Q·S)·R⁻ᵀ, where S is symmetric with the lower triangle of R·R̄ᵀ − Q̄ᵀ·Q (Walter and Lehmann, "Algorithmic
 * differentiation of linear algebra functions", 2010); it is not finite where the columns depend on each other. Golub
 * and Van Loan, "Matrix computations", 2013, section 5.2.
 *
 * @throws ShapeError unless A is a matrix or a batch of them, DtypeError unless it is float32 or float64.
 */
export function qr(a: Tensor): QR {
  checkMatrix("qr", a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (m < n) {
    // The first m columns fix Q; the others follow.
    const { q, r } = qr(block(a, [0, null], [0, m]));
    return { q, r: concat([r, q.T.matmul(block(a, [0, null], [m, null]))], a.rank - 1) };
  }
  const apart = (packed: Tensor): QR => ({
    q: block(packed, [0, m], [0, null]),
    r: block(packed, [m, null], [0, null]),
  });
  // A derivative by hand is that of one tensor: both factors as one, on top of each other.
  const factors = customGradient(
    (matrix) => {
      const { q, r } = factor(matrix);
      return concat([q, r], a.rank - 2);
    },
    (upstream, packed) => {
      const { q, r } = apart(packed);
      const bar = apart(upstream);
      const product = r.matmul(bar.r.triu().T).sub(bar.q.T.matmul(q));
      const symmetric = product.tril().add(product.tril(-1).T);
      return [solveTriangular(r, bar.q.add(q.matmul(symmetric)).T, { lower: false }).T];
    },
  );
  return apart(factors(a));
}

/** Columns that are reflected one by one; all to the right of them then change by products of matrices. */
const panelWidth = 32;

/** Reflections of a panel: V, the triangle T⁻¹ of `inverseOf`, and the panel's part of R. */
interface Panel {
  readonly v: Tensor;
  readonly inverse: Tensor;
  readonly r: Tensor;
}

function factor(a: Tensor): QR {
  const [m, n] = a.shape.slice(-2) as [number, number];
  const largest = a.abs().max([a.rank - 2, a.rank - 1], { keepDims: true });
  // Squares of elements of at most 1 do not overflow.
  const scale = where(largest.equal(0), 1, largest);
  const rows: Tensor[] = [];
  const vectors: Tensor[] = [];
  const taus: Tensor[] = [];
  let rest = a.div(scale);
  for (let start = 0; start < n; start += panelWidth) {
    const width = Math.min(panelWidth, n - start);
    const panel = reflect(block(rest, [0, null], [0, width]));
    const parts = [panel.r];
    if (start + width < n) {
      // Qᵀ of the panel, I − V·Tᵀ·Vᵀ, on what lies to the right.
      const right = block(rest, [0, null], [width, null]);
      const change = solveTriangular(panel.inverse.T, panel.v.T.matmul(right));
      const turned = right.sub(panel.v.matmul(change));
      parts.push(block(turned, [0, width], [0, null]));
      rest = block(turned, [width, null], [0, null]);
    }
    rows.push(padBlock(concat(parts, a.rank - 1), [0, 0], [start, 0]));
    vectors.push(padBlock(panel.v, [start, 0], [0, 0]));
    taus.push(panel.inverse.mul(eye(width, width, { dtype: a.dtype })).sum(a.rank - 2, { keepDims: true }));
  }
  const v = concat(vectors, a.rank - 1);
  const inverse = inverseOf(v, concat(taus, a.rank - 1));
  const top = block(v, [0, n], [0, null]);
  const identity = eye(m, n, { dtype: a.dtype });
  const q = identity.sub(v.matmul(solveTriangular(inverse, top.T, { lower: false })));
  return { q, r: concat(rows, a.rank - 2).mul(scale) };
}

/**
 * All reflections together are I − V·T·Vᵀ, where T⁻¹ has each 1/τ on the diagonal and VᵀV above it: Q takes one triangular
 * solve in place of a second loop. Joffrain et al., "Accumulating Householder transformations, revisited", 2006.
 */
function inverseOf(v: Tensor, inverseTaus: Tensor): Tensor {
  const n = v.shape.at(-1)!;
  return v.T.matmul(v)
    .triu(1)
    .add(inverseTaus.mul(eye(n, n, { dtype: v.dtype })));
}

/** Takes each column in turn to β·e₀ by a reflection I − τ·v·vᵀ with v₀ = 1. */
function reflect(panel: Tensor): Panel {
  const [m, n] = panel.shape.slice(-2) as [number, number];
  const rows: Tensor[] = [];
  const vectors: Tensor[] = [];
  const inverseTaus: Tensor[] = [];
  let rest = panel;
  for (let k = 0; k < n; k++) {
    const head = block(rest, [0, 1], [0, null]);
    const below = block(rest, [1, null], [0, null]);
    const tail = block(below, [0, null], [0, 1]);
    const alpha = block(head, [0, 1], [0, 1]);
    const products = tail.T.matmul(below);
    const square = block(products, [0, 1], [0, 1]);
    const norm = alpha.square().add(square).sqrt();
    // Nothing below the diagonal: no reflection, and v = 0 leaves everything as it is.
    const flat = square.equal(0);
    const beta = where(flat, alpha, where(alpha.less(0), norm, norm.neg()));
    const apart = where(flat, 1, alpha.sub(beta));
    const tau = where(flat, 0, beta.sub(alpha).div(where(flat, 1, beta)));
    const v = where(flat, 0, tail.div(apart));
    const w = head.add(where(flat, 0, products.div(apart))).mul(tau);
    rows.push(padBlock(block(head.sub(w), [0, 1], [0, n - k]), [0, 0], [k, 0]));
    const whole = concat([where(flat, zerosLike(alpha), 1), v], panel.rank - 2);
    vectors.push(padBlock(block(whole, [0, m - k], [0, 1]), [k, 0], [0, 0]));
    inverseTaus.push(where(flat, 1, where(flat, 1, tau).reciprocal()));
    // What is left moves up to the corner in a matrix of one size: every step is then the same kernels.
    rest = padBlock(block(below.sub(v.mul(w)), [0, null], [1, null]), [0, 1], [0, 1]);
  }
  const v = concat(vectors, panel.rank - 1);
  return {
    v,
    inverse: inverseOf(v, concat(inverseTaus, panel.rank - 1)),
    r: concat(rows, panel.rank - 2),
  };
}
