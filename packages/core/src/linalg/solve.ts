import { formatShape } from "../shape.ts";
import { NumericError, OptionError, ShapeError } from "../errors.ts";
import { concat, eye } from "../tensor/create.ts";
import { realize } from "../tensor/realize.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asColumns, checkMatrix, checkSquare } from "./check.ts";
import { cholesky } from "./cholesky.ts";
import { qr } from "./qr.ts";
import { solveTriangular } from "./triangular.ts";

/** Options of solve. */
export interface SolveOptions {
  /** Whether A is symmetric positive definite: Cholesky then takes half the work of QR. False unless given. */
  readonly positiveDefinite?: boolean;
}

/** Options of lstsq. */
export interface LstsqOptions {
  /** λ ≥ 0, the penalty λ·‖x‖² on each solution; 0 unless given. */
  readonly ridge?: number;
  /** A column whose part apart from those before it is a smaller share counts as dependent; 10·max(m, n)·ε unless given. */
  readonly tolerance?: number;
}

/**
 * The solution X of A·X = B for one square matrix [n, n] and B [n, k] or [n], by QR, or by Cholesky where A is said to be
 * positive definite. It can be differentiated.
 *
 * @throws NumericError where A is singular, or not positive definite where it should be; ShapeError and DtypeError where
 * A and B do not fit.
 */
export async function solve(a: Tensor, b: Tensor, options: SolveOptions = {}): Promise<Tensor> {
  checkSquare("solve", a);
  checkSingle("solve", a);
  const columns = asColumns("solve", a, b);
  const mend = "add a ridge to the diagonal: solve(a.add(eye(n).mul(1e-6)), b)";
  let x: Tensor;
  if (options.positiveDefinite) {
    const l = cholesky(a);
    x = solveTriangular(l.T, solveTriangular(l, columns), { lower: false });
    await realize(l, x);
    const [n, pivots] = [a.shape[0]!, await l.data()];
    for (let k = 0; k < n; k++) {
      if (Number.isFinite(pivots[k * n + k]) && pivots[k * n + k]! > 0) continue;
      throw new NumericError(
        `solve: the matrix is not positive definite: pivot ${k} of ${n} is not above 0; ${mend}`,
      );
    }
  } else {
    const { q, r } = qr(a);
    x = solveTriangular(r, q.T.matmul(columns), { lower: false });
    await realize(r, x);
    const dependent = await dependentColumn(r, tolerance(a));
    if (dependent !== null) {
      throw new NumericError(
        `solve: the matrix is singular: column ${dependent} depends on the columns before it; ${mend}`,
      );
    }
  }
  return b.rank === 1 ? x.squeeze(1) : x;
}

/**
 * The least-squares solution X of A·X ≈ B, min ‖A·X − B‖² + λ·‖X‖², for one matrix [m, n] and B [m, k] or [m], by QR of A
 * with √λ·I below it: the normal equations' squared condition number never appears. It can be differentiated.
 *
 * @throws NumericError where the columns of A depend on each other, so that there is no one solution; OptionError for a
 * negative ridge; ShapeError and DtypeError where A and B do not fit.
 */
export async function lstsq(a: Tensor, b: Tensor, options: LstsqOptions = {}): Promise<Tensor> {
  const { ridge = 0, tolerance: least = tolerance(a) } = options;
  checkMatrix("lstsq", a);
  checkSingle("lstsq", a);
  if (!(ridge >= 0 && ridge < Infinity))
    throw new OptionError(`lstsq: ridge must be at least 0 and finite, not ${ridge}`);
  const columns = asColumns("lstsq", a, b);
  const [m, n] = a.shape as [number, number];
  const mend = "use fewer columns, or a ridge: { ridge: 1e-6 }";
  if (ridge === 0 && m < n) {
    throw new NumericError(`lstsq: ${m} rows cannot determine ${n} columns: rank ${m} at most; ${mend}`);
  }
  const penalty = eye(n, n, { dtype: a.dtype }).mul(Math.sqrt(ridge));
  const { q, r } = qr(ridge === 0 ? a : concat([a, penalty]));
  // The rows of the penalty have zeros on the right: only A's rows of Q count.
  const x = solveTriangular(r, q.slice([0, m]).T.matmul(columns), { lower: false });
  await realize(r, x);
  const dependent = await dependentColumn(r, least);
  if (dependent !== null) {
    throw new NumericError(
      `lstsq: the columns are rank-deficient: column ${dependent} of ${n} depends on those before it, so that ` +
        `infinitely many solutions fit alike; ${mend}`,
    );
  }
  return b.rank === 1 ? x.squeeze(1) : x;
}

function checkSingle(operation: string, a: Tensor): void {
  if (a.rank === 2) return;
  throw new ShapeError(
    `${operation}: takes one matrix, not ${formatShape(a.shape)}; for a batch use qr and solveTriangular`,
  );
}

const tolerance = (a: Tensor): number =>
  10 * Math.max(...a.shape) * (a.dtype === "float64" ? Number.EPSILON : 2 ** -23);

/** The first column whose diagonal element is a negligible share of the column; null where all stand apart. */
async function dependentColumn(r: Tensor, least: number): Promise<number | null> {
  const [rows, n] = r.shape as [number, number];
  const values = await r.data();
  for (let k = 0; k < n; k++) {
    const column = Array.from({ length: rows }, (_, i) => values[i * n + k]!);
    // Written so that NaN counts as dependent.
    if (!(Math.abs(column[k]!) > least * Math.hypot(...column))) return k;
  }
  return null;
}
