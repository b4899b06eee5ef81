import type { Tensor } from "@chainrule/core";
import { Classifier, labelsAt } from "../classifier.ts";
import { toMatrix, type Matrix } from "../inputs.ts";

/** What fitting a linear classifier gives. */
export interface LinearFit {
  readonly classes: readonly number[];
  /** [rows, features]: one row where two classes are told apart by a sign, else one a class. */
  readonly weights: Tensor;
  /** [rows]. */
  readonly bias: Tensor;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Classes by the sign, or the largest, of X·Wᵀ + b. */
export abstract class LinearClassifier<Parameters extends object> extends Classifier<Parameters> {
  protected state: LinearFit | null = null;

  /** W: [1, features] for two classes told apart by a sign, else [classes, features]. */
  get coef(): Tensor {
    return this.fitted(this.state, "coef").weights;
  }

  /** b: as many as `coef` has rows. */
  get intercept(): Tensor {
    return this.fitted(this.state, "intercept").bias;
  }

  override get classes(): readonly number[] {
    return this.fitted(this.state, "classes").classes;
  }

  /** Iterations of the solver, or passes over the data. */
  get nIter(): number {
    return this.fitted(this.state, "nIter").iterations;
  }

  /** Whether the solver met its tolerance. */
  get converged(): boolean {
    return this.fitted(this.state, "converged").converged;
  }

  /**
   * X·Wᵀ + b: [n] where two classes are told apart by its sign, else [n, classes]. Lazy.
   *
   * @throws StateError before `fit`, ShapeError for another number of features.
   */
  decisionFunction(x: Matrix): Tensor {
    const { weights, bias } = this.fitted(this.state, "decisionFunction");
    const examples = toMatrix(this.constructor.name, x, weights.dtype, weights.shape[1]);
    const values = examples.cast(weights.dtype).matmul(weights.T).add(bias);
    return weights.shape[0] === 1 ? values.squeeze(1) : values;
  }

  /** The class of each example, [n]. Lazy; errors as `decisionFunction`. */
  override predict(x: Matrix): Tensor {
    const { classes } = this.fitted(this.state, "predict");
    const values = this.decisionFunction(x);
    return labelsAt(classes, values.rank === 1 ? values.greater(0).cast("int32") : values.argmax(1));
  }
}
