import { stack, type Tensor } from "@chainrule/core";
import { Classifier, encodeLabels, labelsAt } from "../classifier.ts";
import type { Predictor } from "../estimator.ts";
import { countOf, type Labels, type Matrix } from "../inputs.ts";

/** A classifier of two classes that says how far on the positive side an example is. */
export interface Decider extends Predictor {
  fit(x: Matrix, y: Labels): Promise<unknown>;
  /** [n]. */
  decisionFunction(x: Matrix): Tensor;
  clone(): Decider;
}

/**
 * Any number of classes by one two-class model for each, that class against all others; the class whose model is surest
 * wins. Rifkin and Klautau, "In defense of one-vs-all classification", JMLR 2004.
 */
export class OneVsRestClassifier extends Classifier<{ readonly estimator: Decider }> {
  #fit: { readonly classes: readonly number[]; readonly estimators: readonly Decider[] } | null = null;

  /** @param estimator the two-class model, of which each class gets a clone. */
  constructor(estimator: Decider | { readonly estimator: Decider }) {
    super("estimator" in estimator ? estimator : { estimator });
  }

  override get classes(): readonly number[] {
    return this.fitted(this.#fit, "classes").classes;
  }

  /** The fitted models, one a class. */
  get estimators(): readonly Decider[] {
    return this.fitted(this.#fit, "estimators").estimators;
  }

  /**
   * Fits one model a class, one after another.
   *
   * @throws OptionError for one class only, and what the models throw.
   */
  override async fit(x: Matrix, y: Labels): Promise<this> {
    const { classes, indices } = await encodeLabels("OneVsRestClassifier", y, countOf(x));
    const estimators: Decider[] = [];
    for (const index of classes.keys()) {
      const estimator = this.parameters.estimator.clone();
      await estimator.fit(
        x,
        Array.from(indices, (other) => Number(other === index)),
      );
      estimators.push(estimator);
    }
    this.#fit = { classes, estimators };
    return this;
  }

  /** Each model's decision, [n, classes]. Lazy. StateError before `fit`. */
  decisionFunction(x: Matrix): Tensor {
    const { estimators } = this.fitted(this.#fit, "decisionFunction");
    return stack(
      estimators.map((estimator) => estimator.decisionFunction(x)),
      1,
    );
  }

  /** The class of each example, [n]. Lazy. StateError before `fit`. */
  override predict(x: Matrix): Tensor {
    return labelsAt(this.classes, this.decisionFunction(x).argmax(1));
  }
}
