import { OptionError, StateError, type Tensor } from "@chainrule/core";
import type { Predictor, ProbabilisticClassifier } from "../estimator.ts";
import type { Labels, Matrix, Targets } from "../inputs.ts";
import { crossValScore, foldsFor, type CrossValidationOptions } from "./cross-validation.ts";

/** One combination of parameters and how it did. */
export interface SearchResult<Parameters> {
  readonly parameters: Parameters;
  /** One a fold. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** The standard deviation over folds. */
  readonly std: number;
}

interface Fit<Parameters, P> {
  readonly results: readonly SearchResult<Parameters>[];
  readonly best: number;
  readonly model: P;
}

/** Grades combinations of parameters by cross-validation on the same folds, and fits the best to all examples. */
export abstract class Search<
  Parameters extends object,
  P extends Predictor = Predictor,
> implements Predictor {
  readonly #make: (parameters: Parameters) => P;
  protected readonly options: CrossValidationOptions<P>;
  #fit: Fit<Parameters, P> | null = null;

  /** @param make a predictor with these parameters, not fitted. */
  constructor(make: (parameters: Parameters) => P, options: CrossValidationOptions<P>) {
    this.#make = make;
    this.options = options;
  }

  /** The combinations to try. */
  protected abstract candidates(): Parameters[];
  abstract clone(): Search<Parameters, P>;

  protected get make(): (parameters: Parameters) => P {
    return this.#make;
  }

  get kind(): Predictor["kind"] {
    return this.#make(this.candidates()[0]!).kind;
  }

  /** Every combination, in the order tried. */
  get results(): readonly SearchResult<Parameters>[] {
    return this.#fitted("results").results;
  }

  /** The combination of the largest mean score, the first of several. */
  get bestParams(): Parameters {
    const { results, best } = this.#fitted("bestParams");
    return results[best]!.parameters;
  }

  /** Its mean score. */
  get bestScore(): number {
    const { results, best } = this.#fitted("bestScore");
    return results[best]!.mean;
  }

  /** The model with the best parameters, fitted to all examples. */
  get bestEstimator(): P {
    return this.#fitted("bestEstimator").model;
  }

  /**
   * Tries every combination, then fits the best to all examples.
   *
   * @throws OptionError where k is larger than the sample or no score is a number, and what the models throw.
   */
  async fit(x: Matrix, y: Targets | Labels): Promise<this> {
    const candidates = this.candidates();
    const cv = await foldsFor(this.kind, x, y, this.options.cv);
    const results: SearchResult<Parameters>[] = [];
    for (const parameters of candidates) {
      const scores = await crossValScore(this.#make(parameters), x, y, { ...this.options, cv });
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
      results.push({ parameters, scores, mean, std: Math.sqrt(variance) });
    }
    let best = -1;
    for (const [i, { mean }] of results.entries()) {
      if (best < 0 ? !Number.isNaN(mean) : mean > results[best]!.mean) best = i;
    }
    if (best < 0)
      throw new OptionError(`${this.constructor.name}: every score is NaN; look at the scoring function`);
    const model = this.#make(results[best]!.parameters);
    await model.fit(x, y);
    this.#fit = { results, best, model };
    return this;
  }

  /** The best model's prediction. Lazy. StateError before `fit`. */
  predict(x: Matrix): Tensor {
    return this.#fitted("predict").model.predict(x);
  }

  /** The best model's probabilities. Lazy. StateError before `fit`, OptionError where it has none. */
  predictProba(x: Matrix): Tensor {
    const model = this.#fitted("predictProba").model as Predictor & Partial<ProbabilisticClassifier>;
    if (!model.predictProba) {
      throw new OptionError(`${this.constructor.name}: ${model.constructor.name} has no predictProba`);
    }
    return model.predictProba(x);
  }

  /** The best model's score. StateError before `fit`. */
  async score(x: Matrix, y: Targets | Labels): Promise<number> {
    return this.#fitted("score").model.score(x, y);
  }

  #fitted(what: string): Fit<Parameters, P> {
    if (this.#fit) return this.#fit;
    throw new StateError(`${this.constructor.name}: ${what} before fit; call await fit(x, y) first`);
  }
}
