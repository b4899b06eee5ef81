import { StateError, type Tensor } from "@chainrule/core";
import type { Labels, Matrix, Targets } from "./inputs.ts";

/** What can be fitted, asked and graded: an estimator, a pipeline or a search. */
export interface Predictor {
  /** Folds of classifiers are stratified. */
  readonly kind: "classifier" | "regressor";
  fit(x: Matrix, y: Targets | Labels): Promise<unknown>;
  /** Lazy: nothing is computed until the result is read. */
  predict(x: Matrix): Tensor;
  /** R² for regressors, accuracy for classifiers: larger is better. */
  score(x: Matrix, y: Targets | Labels): Promise<number>;
  /** A new one with the same parameters, not fitted. */
  clone(): Predictor;
}

/** A predictor of classes with probabilities. */
export interface ProbabilisticClassifier extends Predictor {
  /** The labels, in ascending order: the columns of `predictProba`. */
  readonly classes: readonly number[];
  /** [n, classes], rows summing to 1. */
  predictProba(x: Matrix): Tensor;
}

/** What makes new features of old ones. */
export interface Transformer {
  fit(x: Matrix): Promise<unknown>;
  transform(x: Matrix): Tensor;
  clone(): Transformer;
}

/** What every estimator here has: parameters given at construction, and a state that `fit` makes. */
export abstract class Estimator<Parameters extends object> {
  protected readonly parameters: Parameters;

  constructor(parameters: Parameters) {
    this.parameters = parameters;
  }

  /** The parameters in force, defaults included: what a constructor takes to make the same estimator. */
  getParams(): Parameters {
    return { ...this.parameters };
  }

  /** A new estimator with the same parameters, not fitted. */
  clone(): this {
    const Class = this.constructor as new (parameters: Parameters) => this;
    return new Class(this.getParams());
  }

  /** `state`, or a StateError where there is none yet. */
  protected fitted<State>(state: State | null, what: string): State {
    if (state !== null) return state;
    throw new StateError(`${this.constructor.name}: ${what} before fit; call await fit(x, y) first`);
  }
}
