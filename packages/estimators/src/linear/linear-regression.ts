import { lstsq, NumericError, type Tensor } from "@chainrule/core";
import { checkAtLeast, checkFinite, checkOneOf, checkWhole, toMatrix, toTargets, widest } from "../inputs.ts";
import type { Matrix, Targets } from "../inputs.ts";
import { Regressor } from "../regressor.ts";
import { center } from "./center.ts";
import { descend } from "./gradient-descent.ts";

/** Parameters of LinearRegression. */
export interface LinearRegressionOptions {
  /** α ≥ 0, the penalty α·‖w‖² (ridge); 0 unless given. */
  readonly alpha?: number;
  /** Whether a constant is added, which is not penalised; true unless given. */
  readonly fitIntercept?: boolean;
  /** "qr" solves at once, "gradientDescent" step by step; "qr" unless given. */
  readonly solver?: "qr" | "gradientDescent";
  /** The rate of gradient descent; the inverse of the largest curvature unless given. */
  readonly learningRate?: number | undefined;
  /** Steps of gradient descent at most; 10 000 unless given. */
  readonly maxIter?: number;
  /** Descent ends once the gradient is this share of the first; 1e-10 unless given. */
  readonly tol?: number;
}

interface Fit {
  readonly weights: Tensor;
  readonly intercept: Tensor;
  /** Whether targets were a vector. */
  readonly single: boolean;
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * ŷ = X·w + b with the least ‖X·w + b − y‖² + α·‖w‖²: ordinary least squares, with α > 0 ridge regression. Solved in
 * float64 where the backend has it, by QR of the centred examples, or by gradient descent on half the mean of that.
 * Hoerl and Kennard, "Ridge regression", 1970.
 *
 * @throws OptionError for a parameter out of range.
 */
export class LinearRegression extends Regressor<Required<LinearRegressionOptions>> {
  #fit: Fit | null = null;

  constructor(options: LinearRegressionOptions = {}) {
    const defaults = { alpha: 0, fitIntercept: true, solver: "qr", learningRate: undefined } as const;
    super({ ...defaults, maxIter: 10_000, tol: 1e-10, ...options });
    const { alpha, solver, learningRate, maxIter, tol } = this.parameters;
    checkAtLeast("LinearRegression", "alpha", alpha, 0);
    checkOneOf("LinearRegression", "solver", solver, ["qr", "gradientDescent"]);
    if (learningRate !== undefined) checkAtLeast("LinearRegression", "learningRate", learningRate, 0, true);
    checkWhole("LinearRegression", "maxIter", maxIter, 1);
    checkAtLeast("LinearRegression", "tol", tol, 0);
  }

  /** w: [features], for targets [n, outputs] [outputs, features]. */
  get coef(): Tensor {
    const { weights, single } = this.fitted(this.#fit, "coef");
    return single ? weights.squeeze(1) : weights.T;
  }

  /** b: a scalar, for targets [n, outputs] [outputs]. */
  get intercept(): Tensor {
    const { intercept, single } = this.fitted(this.#fit, "intercept");
    return single ? intercept.squeeze(0) : intercept;
  }

  /** Steps of gradient descent; 0 where it was solved at once. */
  get nIter(): number {
    return this.fitted(this.#fit, "nIter").iterations;
  }

  /** Whether gradient descent met its tolerance. */
  get converged(): boolean {
    return this.fitted(this.#fit, "converged").converged;
  }

  /**
   * Fits examples [n, features] to targets [n] or [n, outputs].
   *
   * @throws NumericError where features depend on each other and α is 0, where descent diverges, and for NaN;
   * ShapeError where the shapes do not fit.
   */
  override async fit(x: Matrix, y: Targets): Promise<this> {
    const { alpha, fitIntercept, solver } = this.parameters;
    const dtype = widest();
    const examples = toMatrix("LinearRegression", x, dtype).cast(dtype);
    const targets = toTargets("LinearRegression", y, examples.shape[0]!, dtype);
    await checkFinite("LinearRegression", "examples", examples);
    await checkFinite("LinearRegression", "targets", targets);
    const single = targets.rank === 1;
    const { centered, mean } = center(examples, fitIntercept);
    const right = center(single ? targets.expandDims(1) : targets, fitIntercept);
    const { weights, iterations, converged } =
      solver === "qr"
        ? { weights: await this.#solve(centered, right.centered, alpha), iterations: 0, converged: true }
        : await descend("LinearRegression", centered, right.centered, this.parameters);
    const intercept = right.mean.sub(mean.matmul(weights));
    this.#fit = { weights, intercept: intercept.stopGradient(), single, iterations, converged };
    return this;
  }

  /** X·w + b: [n], or [n, outputs]. Lazy. StateError before `fit`; ShapeError for another number of features. */
  override predict(x: Matrix): Tensor {
    const { weights, intercept, single } = this.fitted(this.#fit, "predict");
    const examples = toMatrix("LinearRegression", x, weights.dtype, weights.shape[0]);
    const values = examples.cast(weights.dtype).matmul(weights).add(intercept);
    return single ? values.squeeze(1) : values;
  }

  async #solve(x: Tensor, y: Tensor, alpha: number): Promise<Tensor> {
    try {
      return (await lstsq(x, y, { ridge: alpha })).stopGradient();
    } catch (error) {
      if (!(error instanceof NumericError)) throw error;
      throw new NumericError(
        `LinearRegression: the features${this.parameters.fitIntercept ? " and the constant" : ""} depend on each ` +
          `other, so that no one solution is best; drop some, or use ridge: new LinearRegression({ alpha: 1e-6 }). ` +
          error.message,
        { cause: error },
      );
    }
  }
}
