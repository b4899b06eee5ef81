import { OptionError, where, type Tensor, type Variable } from "@chainrule/core";

/**
 * A weight [out, ...] in which no unit's incoming weights are longer than `limit`: each row w becomes
 * w · min(1, limit / ‖w‖). Srebro and Shraibman, "Rank, trace-norm and max-norm", 2005.
 *
 * @throws OptionError unless the limit is > 0.
 */
export function maxNorm(weight: Tensor, limit: number): Tensor {
  if (!(limit > 0)) throw new OptionError(`maxNorm: the limit must be > 0, not ${limit}`);
  const axes = [...weight.shape.keys()].slice(1);
  const lengths = weight.square().sum(axes, { keepDims: true }).sqrt();
  const long = lengths.greater(limit);
  return where(long, weight.mul(where(long, lengths, limit).reciprocal().mul(limit)), weight);
}

/**
 * Puts every parameter of two axes or more back within `maxNorm`; biases stay as they are. To be called after each
 * step of an optimiser: by hand, within a captured step, or in a callback's `onStepEnd` of `fit`.
 *
 * @throws OptionError unless the limit is > 0.
 */
export function constrainMaxNorm(parameters: Iterable<Variable>, limit: number): void {
  for (const parameter of parameters) {
    if (parameter.rank >= 2) parameter.assign(maxNorm(parameter, limit));
  }
}
