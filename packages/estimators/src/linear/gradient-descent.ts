import { compile, Generator, NumericError, random, Variable, zeros, type Tensor } from "@chainrule/core";
import { SGD } from "@chainrule/optim";

/** How descent goes on and when it stops. */
export interface DescentOptions {
  /** λ of the penalty ½·λ·‖w‖² / n. */
  readonly alpha: number;
  /** The rate; undefined for the inverse of the largest curvature. */
  readonly learningRate: number | undefined;
  readonly maxIter: number;
  /** Done once no component of the gradient is larger than this share of the first gradient's largest. */
  readonly tol: number;
}

/** Where descent ended. */
export interface Descent {
  readonly weights: Tensor;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Between looks at the gradient: each look waits for the device. */
const stride = 50;

/** Minimises ½·(‖X·W − Y‖² + α·‖W‖²) / n by gradient descent from W = 0, each step a replay of a captured one. */
export async function descend(
  owner: string,
  x: Tensor,
  y: Tensor,
  options: DescentOptions,
): Promise<Descent> {
  const { alpha, maxIter, tol } = options;
  const [n, features] = x.shape as [number, number];
  const weights = new Variable(zeros([features, y.shape[1]!], { dtype: x.dtype }));
  const sgd = new SGD({ lr: options.learningRate ?? 1 / (await curvature(x, alpha)) });
  const step = compile(() => {
    const gradient = x.T.matmul(x.matmul(weights).sub(y)).add(weights.mul(alpha)).div(n);
    sgd.update([weights], [gradient]);
    return gradient.abs().max();
  });
  let first = 0;
  for (let i = 1; i <= maxIter; i++) {
    const slope = step();
    if (i % stride !== 1 && i !== maxIter) continue;
    const largest = await slope.item();
    if (i === 1) first = largest;
    if (!(largest <= 1e6 * first)) {
      throw new NumericError(
        `${owner}: gradient descent diverges at the rate ${sgd.lr}; leave learningRate out, or give a smaller one`,
      );
    }
    if (largest <= tol * first) return { weights: weights.stopGradient(), iterations: i, converged: true };
  }
  return { weights: weights.stopGradient(), iterations: maxIter, converged: false };
}

/** The largest eigenvalue of (XᵀX + α·I) / n by power iteration, a little too small, which descent bears. */
async function curvature(x: Tensor, alpha: number): Promise<number> {
  const [n, features] = x.shape as [number, number];
  // A random start has a share of every eigenvector; one made from the data may lack the largest.
  let v = random.normal([features, 1], { dtype: x.dtype, generator: new Generator(1) });
  for (let i = 0; i < 30; i++) {
    const next = x.T.matmul(x.matmul(v)).add(v.mul(alpha));
    v = next.div(next.norm().add(1e-300));
  }
  const value = await x
    .matmul(v)
    .square()
    .sum()
    .add(v.square().sum().mul(alpha))
    .div(v.square().sum())
    .item();
  return value > 0 ? value / n : 1;
}
