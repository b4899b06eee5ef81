import { NumericError, ShapeError } from "@chainrule/core";

/** Throws a ShapeError unless there are as many predictions as targets, and weights where there are any. */
export function checkLengths(
  metric: string,
  predicted: ArrayLike<number>,
  targets: ArrayLike<number>,
  weights?: ArrayLike<number>,
): void {
  if (predicted.length !== targets.length) {
    throw new ShapeError(`${metric}: ${predicted.length} predictions for ${targets.length} targets`);
  }
  checkWeights(metric, targets, weights);
}

/** Throws a ShapeError unless there is a weight for each target, or none at all. */
export function checkWeights(
  metric: string,
  targets: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
): void {
  if (weights && weights.length !== targets.length) {
    throw new ShapeError(`${metric}: ${weights.length} weights for ${targets.length} targets`);
  }
}

/**
 * How many scores each target has, for rows of scores one after another.
 *
 * @throws ShapeError where the rows are not of one length.
 */
export function rowLength(metric: string, scores: ArrayLike<number>, targets: ArrayLike<number>): number {
  const length = targets.length === 0 ? 1 : scores.length / targets.length;
  if (Number.isInteger(length) && length > 0 && !(targets.length === 0 && scores.length > 0)) return length;
  throw new ShapeError(
    `${metric}: ${scores.length} scores for ${targets.length} targets; give one score, or one a class, for each`,
  );
}

/** Throws a NumericError where a value is NaN or does not pass `fits`. */
export function checkValues(
  metric: string,
  what: string,
  values: ArrayLike<number>,
  fits: (value: number) => boolean,
  advice: string,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (fits(value)) continue;
    throw new NumericError(`${metric}: ${what} ${i} is ${value}; ${advice}`);
  }
}
