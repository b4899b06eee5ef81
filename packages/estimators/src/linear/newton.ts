import { concat, NumericError, onesLike, realize, solve, zeros, type Tensor } from "@chainrule/core";

/** Where Newton's method ended. */
export interface NewtonFit {
  /** [features + 1], the bias last; without an intercept [features]. */
  readonly weights: Tensor;
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * Logistic regression by Newton's method, which for it is iteratively reweighted least squares: with p = σ(X·w),
 * H = Xᵀ·diag(p·(1 − p))·X / n + λ·I and g = Xᵀ·(p − t) / n + λ·w, each step is w ← w − H⁻¹·g, halved while the loss
 * does not fall. McCullagh and Nelder, "Generalized linear models", 1989, section 4.4.
 *
 * @throws NumericError where H is singular: the classes can be told apart without error, and no finite w is best.
 */
export async function newton(
  x: Tensor,
  t: Tensor,
  options: {
    readonly lambda: number;
    readonly intercept: boolean;
    readonly maxIter: number;
    readonly tol: number;
  },
): Promise<NewtonFit> {
  const { lambda, intercept, maxIter, tol } = options;
  const [n, features] = x.shape as [number, number];
  const design = intercept ? concat([x, onesLike(x.slice(null, [0, 1]))], 1) : x;
  const size = design.shape[1]!;
  // λ for each weight, 0 for the constant.
  const penalty = zeros([size], { dtype: x.dtype })
    .add(lambda)
    .mul(onesUpTo(features, size, x));
  const lossAt = (w: Tensor): Promise<number> => {
    const z = design.matmul(w);
    return z.softplus().sub(z.mul(t)).mean().add(w.square().mul(penalty).sum().mul(0.5)).item();
  };
  const rounding = x.dtype === "float64" ? 4 * Number.EPSILON : 2 ** -21;
  let w = zeros([size], { dtype: x.dtype });
  let loss = await lossAt(w);
  for (let i = 1; i <= maxIter; i++) {
    const p = design.matmul(w).sigmoid();
    const gradient = design.T.matmul(p.sub(t)).div(n).add(w.mul(penalty));
    const weighted = design.mul(p.mul(p.neg().add(1)).expandDims(1));
    const hessian = design.T.matmul(weighted).div(n).add(diagonal(penalty));
    const step = await solveStep(hessian, gradient);
    // What the step promises; once rounding is larger, no step can be told from none.
    const promised = await gradient.mul(step).sum().item();
    let share = 1;
    let next = w.sub(step);
    let value = await lossAt(next);
    while (!(value <= loss + rounding * Math.abs(loss)) && share > rounding) {
      share /= 2;
      next = w.sub(step.mul(share));
      value = await lossAt(next);
    }
    [w, loss] = [next.stopGradient(), value];
    // Stored, or every later iteration would compute all steps before it again.
    await realize(w);
    const settled = promised <= rounding * Math.abs(loss);
    if (settled || share * (await step.abs().max().item()) <= tol) {
      return { weights: w, iterations: i, converged: true };
    }
  }
  return { weights: w, iterations: maxIter, converged: false };
}

async function solveStep(hessian: Tensor, gradient: Tensor): Promise<Tensor> {
  try {
    return await solve(hessian, gradient, { positiveDefinite: true });
  } catch (error) {
    if (!(error instanceof NumericError)) throw error;
    throw new NumericError(
      "LogisticRegression: the weights grow without end: the classes can be told apart without error, or features " +
        "depend on each other, and no finite weights are best; give a penalty: { C: 1 }",
      { cause: error },
    );
  }
}

/** 1 for the first `count` places of `size`, then 0. */
function onesUpTo(count: number, size: number, like: Tensor): Tensor {
  const ones = onesLike(like.slice(0, [0, count]));
  return ones.pad([[0, size - count]]);
}

function diagonal(values: Tensor): Tensor {
  const n = values.size;
  // Row-major, a diagonal is every (n + 1)-th element.
  return values
    .expandDims(1)
    .pad([
      [0, 0],
      [0, n],
    ])
    .reshape(n * (n + 1))
    .slice([0, n * n])
    .reshape(n, n);
}
