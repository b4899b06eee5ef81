import { Variable, stack, tensor, zeros, type Tensor } from "@chainrule/core";
import { bceWithLogits } from "@chainrule/nn";
import { checkBinary, encodeLabels } from "../classifier.ts";
import { checkAtLeast, checkFinite, checkOneOf, checkWhole, toMatrix, widest } from "../inputs.ts";
import type { Labels, Matrix } from "../inputs.ts";
import type { ProbabilisticClassifier } from "../estimator.ts";
import { LinearClassifier } from "./linear-classifier.ts";
import { minimize } from "./minimize.ts";
import { newton } from "./newton.ts";

/** Parameters of LogisticRegression and SoftmaxRegression. */
export interface PenalizedOptions {
  /** C > 0, the inverse of the penalty: ‖w‖² / (2·C) beside the summed losses; Infinity for none; 1 unless given. */
  readonly C?: number;
  /** Whether a constant is added, which is not penalised; true unless given. */
  readonly fitIntercept?: boolean;
  /** Iterations at most; 200 unless given. */
  readonly maxIter?: number;
  /** Done once no component of the gradient (newton: of the step) is larger; 1e-8 unless given. */
  readonly tol?: number;
}

/** Parameters of LogisticRegression. */
export interface LogisticRegressionOptions extends PenalizedOptions {
  /** "lbfgs", or "newton", which is iteratively reweighted least squares; "lbfgs" unless given. */
  readonly solver?: "lbfgs" | "newton";
}

/** Throws an OptionError for a parameter out of range. */
export function checkPenalized(owner: string, { C, maxIter, tol }: Required<PenalizedOptions>): void {
  checkAtLeast(owner, "C", C, 0, true);
  checkWhole(owner, "maxIter", maxIter, 1);
  checkAtLeast(owner, "tol", tol, 0);
}

/**
 * Two classes by P(y = 1 | x) = σ(w·x + b), with the least Σ BCE + ‖w‖² / (2·C), as scikit-learn has it. Cox, "The
 * regression analysis of binary sequences", 1958.
 *
 * @throws OptionError for a parameter out of range.
 */
export class LogisticRegression
  extends LinearClassifier<Required<LogisticRegressionOptions>>
  implements ProbabilisticClassifier
{
  constructor(options: LogisticRegressionOptions = {}) {
    super({ C: 1, fitIntercept: true, maxIter: 200, tol: 1e-8, solver: "lbfgs", ...options });
    checkPenalized("LogisticRegression", this.parameters);
    checkOneOf("LogisticRegression", "solver", this.parameters.solver, ["lbfgs", "newton"]);
  }

  /**
   * Fits examples [n, features] to labels [n] of two classes; the larger label is class 1.
   *
   * @throws OptionError for one class only or more than two; NumericError for NaN, and from "newton" where no finite
   * weights are best; ShapeError where the shapes do not fit.
   */
  override async fit(x: Matrix, y: Labels): Promise<this> {
    const name = "LogisticRegression";
    const { C, fitIntercept, maxIter, tol, solver } = this.parameters;
    const examples = toMatrix(name, x, widest());
    const [n, features] = examples.shape as [number, number];
    await checkFinite(name, "examples", examples);
    const { classes, indices } = await encodeLabels(name, y, n);
    checkBinary(name, classes);
    const { dtype } = examples;
    const targets = tensor(indices).cast(dtype);
    const lambda = 1 / (C * n);
    if (solver === "newton") {
      // Second derivatives need the digits, and take little room.
      const wide = widest();
      const { weights, ...end } = await newton(examples.cast(wide), targets.cast(wide), {
        lambda,
        intercept: fitIntercept,
        maxIter,
        tol,
      });
      const bias = fitIntercept ? weights.slice([features, null]) : zeros([1], { dtype: wide });
      this.state = { classes, weights: weights.slice([0, features]).reshape(1, features), bias, ...end };
      return this;
    }
    const weights = new Variable(zeros([1, features], { dtype }));
    const bias = new Variable(zeros([1], { dtype }));
    const end = await minimize(
      fitIntercept ? [weights, bias] : [weights],
      () => {
        const z = examples.matmul(weights.T).add(bias).squeeze(1);
        return bceWithLogits(z, targets).add(
          weights
            .square()
            .sum()
            .mul(lambda / 2),
        );
      },
      { maxIter, tol },
    );
    this.state = { classes, weights: weights.stopGradient(), bias: bias.stopGradient(), ...end };
    return this;
  }

  /** 1 − σ(z) and σ(z), [n, 2]. Lazy. StateError before `fit`, ShapeError for another number of features. */
  predictProba(x: Matrix): Tensor {
    const z = this.decisionFunction(x);
    return stack([z.neg().sigmoid(), z.sigmoid()], 1);
  }
}
