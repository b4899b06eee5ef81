import { ShapeError, type Tensor, type TypedArray } from "@chainrule/core";
import { R2Score } from "@chainrule/nn";
import { Estimator, type Predictor } from "./estimator.ts";
import { toTargets, type Matrix, type Targets } from "./inputs.ts";

/**
 * R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², averaged over outputs; NaN of a single example.
 *
 * @throws ShapeError unless both have one shape.
 */
export async function r2Of(predicted: Tensor, targets: Tensor): Promise<number> {
  if (targets.shape.join() !== predicted.shape.join()) {
    throw new ShapeError(
      `R²: predictions [${predicted.shape.join(", ")}] and targets [${targets.shape.join(", ")}] differ in shape`,
    );
  }
  const columns = async (values: Tensor): Promise<TypedArray[]> =>
    Promise.all((values.rank === 1 ? [values] : values.unstack(1)).map((column) => column.data()));
  const [guesses, wanted] = await Promise.all([columns(predicted), columns(targets)]);
  const scores = wanted.map((column, i) => new R2Score().update(guesses[i]!, column).compute());
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Predicts numbers; graded by R². */
export abstract class Regressor<Parameters extends object>
  extends Estimator<Parameters>
  implements Predictor
{
  readonly kind = "regressor" as const;

  abstract fit(x: Matrix, y: Targets): Promise<this>;
  abstract predict(x: Matrix): Tensor;

  /**
   * R² of the predictions, 1 at best; NaN of a single example.
   *
   * @throws StateError before `fit`, ShapeError where the examples or targets do not fit.
   */
  async score(x: Matrix, y: Targets): Promise<number> {
    const predicted = this.predict(x);
    return r2Of(predicted, toTargets(this.constructor.name, y, predicted.shape[0]!, predicted.dtype));
  }
}
