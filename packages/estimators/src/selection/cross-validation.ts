import { ShapeError } from "@chainrule/core";
import type { Predictor } from "../estimator.ts";
import { countOf, rowsOf, valuesOf, type Labels, type Matrix, type Targets } from "../inputs.ts";
import { KFold, StratifiedKFold, type Fold } from "./k-fold.ts";

/** A grade, larger being better. */
export type Scoring<P extends Predictor = Predictor> = (
  predictor: P,
  x: Matrix,
  y: Targets | Labels,
) => number | Promise<number>;

/** Options of crossValScore and of the searches. */
export interface CrossValidationOptions<P extends Predictor = Predictor> {
  /** How many folds, or what makes them, or the folds; 5 unless given, stratified for classifiers. */
  readonly cv?: number | KFold | StratifiedKFold | readonly Fold[];
  /** The predictor's own score unless given. */
  readonly scoring?: Scoring<P>;
}

/** The folds of a sample. */
export async function foldsFor(
  kind: Predictor["kind"],
  x: Matrix,
  y: Targets | Labels,
  cv: CrossValidationOptions["cv"] = 5,
): Promise<readonly Fold[]> {
  const rows = countOf(x);
  if (countOf(y) !== rows) {
    throw new ShapeError(`cross-validation: ${rows} examples and ${countOf(y)} targets`);
  }
  if (typeof cv === "number") {
    const splits = { splits: cv };
    return foldsFor(kind, x, y, kind === "classifier" ? new StratifiedKFold(splits) : new KFold(splits));
  }
  if (cv instanceof KFold) return cv.split(rows);
  if (cv instanceof StratifiedKFold) return cv.split(await valuesOf(y));
  return cv;
}

/**
 * The scores of k models, each fitted without one fold and graded on it. The predictor itself is cloned and stays as it
 * is. Stone, "Cross-validatory choice and assessment of statistical predictions", 1974.
 *
 * @throws OptionError where k is larger than the sample, or for classifiers than a class; ShapeError where examples and
 * targets differ in number.
 */
export async function crossValScore<P extends Predictor>(
  predictor: P,
  x: Matrix,
  y: Targets | Labels,
  options: CrossValidationOptions<P> = {},
): Promise<number[]> {
  const scoring: Scoring<P> =
    options.scoring ?? ((fitted, examples, wanted) => fitted.score(examples, wanted));
  const scores: number[] = [];
  for (const { train, test } of await foldsFor(predictor.kind, x, y, options.cv)) {
    const model = predictor.clone() as P;
    await model.fit(rowsOf(x, train), rowsOf(y, train));
    scores.push(await scoring(model, rowsOf(x, test), rowsOf(y, test)));
  }
  return scores;
}
