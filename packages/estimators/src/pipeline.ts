import type { Tensor } from "@chainrule/core";
import { OptionError } from "@chainrule/core";
import type { Predictor, ProbabilisticClassifier, Transformer } from "./estimator.ts";
import type { Labels, Matrix, Targets } from "./inputs.ts";

/**
 * Transformers one after another with a predictor at the end, used as one predictor: what is learnt from the training
 * rows, and nothing from the others, transforms both. `new Pipeline(new PolynomialFeatures({ degree: 3 }), new
 * LinearRegression())`.
 */
export class Pipeline implements Predictor {
  readonly transformers: readonly Transformer[];
  readonly predictor: Predictor;

  /** @param steps any number of transformers, then a predictor. */
  constructor(...steps: readonly [...transformers: Transformer[], predictor: Predictor]) {
    this.transformers = steps.slice(0, -1) as unknown as Transformer[];
    this.predictor = steps.at(-1) as Predictor;
  }

  get kind(): "classifier" | "regressor" {
    return this.predictor.kind;
  }

  /** Fits each step to what the steps before it make of the examples. */
  async fit(x: Matrix, y: Targets | Labels): Promise<this> {
    let features = x;
    for (const transformer of this.transformers) {
      await transformer.fit(features);
      features = transformer.transform(features);
    }
    await this.predictor.fit(features, y);
    return this;
  }

  /** What the transformers make of examples. Lazy. */
  transform(x: Matrix): Matrix {
    return this.transformers.reduce<Matrix>((features, transformer) => transformer.transform(features), x);
  }

  /** The predictor's prediction. Lazy. */
  predict(x: Matrix): Tensor {
    return this.predictor.predict(this.transform(x));
  }

  /** The predictor's probabilities. Lazy. OptionError where it has none. */
  predictProba(x: Matrix): Tensor {
    const predictor = this.predictor as Partial<ProbabilisticClassifier>;
    if (!predictor.predictProba) {
      throw new OptionError(`Pipeline: ${this.predictor.constructor.name} has no predictProba`);
    }
    return predictor.predictProba(this.transform(x));
  }

  /** The predictor's score. */
  score(x: Matrix, y: Targets | Labels): Promise<number> {
    return this.predictor.score(this.transform(x), y);
  }

  /** A pipeline of clones, not fitted. */
  clone(): Pipeline {
    return new Pipeline(...this.transformers.map((step) => step.clone()), this.predictor.clone());
  }
}
