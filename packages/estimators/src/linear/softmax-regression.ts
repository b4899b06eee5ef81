import { Variable, tensor, zeros, type Tensor } from "@chainrule/core";
import { crossEntropy } from "@chainrule/nn";
import { encodeLabels } from "../classifier.ts";
import type { ProbabilisticClassifier } from "../estimator.ts";
import { checkFinite, toMatrix, widest, type Labels, type Matrix } from "../inputs.ts";
import { LinearClassifier } from "./linear-classifier.ts";
import { checkPenalized, type PenalizedOptions } from "./logistic-regression.ts";
import { minimize } from "./minimize.ts";

/**
 * Any number of classes by P(y = c | x) = softmax(W·x + b)_c, with the least Σ cross-entropy + ‖W‖² / (2·C), by L-BFGS
 * over all examples; ∂L/∂z = y − t. For data that are better taken in batches, `MLPClassifier` with no hidden layer is
 * the same model. Bishop, "Pattern recognition and machine learning", 2006, section 4.3.4.
 *
 * @throws OptionError for a parameter out of range.
 */
export class SoftmaxRegression
  extends LinearClassifier<Required<PenalizedOptions>>
  implements ProbabilisticClassifier
{
  constructor(options: PenalizedOptions = {}) {
    super({ C: 1, fitIntercept: true, maxIter: 200, tol: 1e-8, ...options });
    checkPenalized("SoftmaxRegression", this.parameters);
  }

  /**
   * Fits examples [n, features] to labels [n].
   *
   * @throws OptionError for one class only; NumericError for NaN; ShapeError where the shapes do not fit.
   */
  override async fit(x: Matrix, y: Labels): Promise<this> {
    const name = "SoftmaxRegression";
    const { C, fitIntercept, maxIter, tol } = this.parameters;
    const examples = toMatrix(name, x, widest());
    const [n, features] = examples.shape as [number, number];
    await checkFinite(name, "examples", examples);
    const { classes, indices } = await encodeLabels(name, y, n);
    const { dtype } = examples;
    const targets = tensor(indices);
    const weights = new Variable(zeros([classes.length, features], { dtype }));
    const bias = new Variable(zeros([classes.length], { dtype }));
    const end = await minimize(
      fitIntercept ? [weights, bias] : [weights],
      () => {
        const z = examples.matmul(weights.T).add(bias);
        return crossEntropy(z, targets).add(
          weights
            .square()
            .sum()
            .mul(1 / (2 * C * n)),
        );
      },
      { maxIter, tol },
    );
    this.state = { classes, weights: weights.stopGradient(), bias: bias.stopGradient(), ...end };
    return this;
  }

  /** softmax(X·Wᵀ + b), [n, classes]. Lazy. StateError before `fit`, ShapeError for another number of features. */
  predictProba(x: Matrix): Tensor {
    return this.decisionFunction(x).softmax(1);
  }
}
