import { OptionError, stack, type Tensor } from "@chainrule/core";
import { checkRange } from "./options.ts";

/** Options of clipGradNorm. */
export interface ClipGradNormOptions {
  /** Which norm: 2 unless given; Infinity is the largest absolute value. */
  readonly normType?: number;
}

/** Gradients after clipping, and their norm before it. */
export interface ClippedGradients {
  readonly gradients: Tensor[];
  /** A scalar. */
  readonly norm: Tensor;
}

/**
 * Scales all gradients by min(1, maxNorm / (‖g‖ + 1e-6)), where ‖g‖ is the norm of all their elements together, so
 * that it is at most `maxNorm` and the direction stays. Pascanu et al., "On the difficulty of training recurrent neural
 * networks", ICML 2013.
 *
 * @throws OptionError unless maxNorm ≥ 0, normType > 0 and there is at least one gradient.
 */
export function clipGradNorm(
  gradients: readonly Tensor[],
  maxNorm: number,
  options: ClipGradNormOptions = {},
): ClippedGradients {
  const { normType = 2 } = options;
  checkRange("clipGradNorm", "maxNorm", maxNorm, 0, Infinity, true);
  if (!(normType > 0)) throw new OptionError(`clipGradNorm: normType must be above 0, not ${normType}`);
  if (gradients.length === 0) throw new OptionError("clipGradNorm: there are no gradients");
  const norm = totalNorm(gradients, normType);
  const scale = norm.add(1e-6).reciprocal().mul(maxNorm).minimum(1);
  return { gradients: gradients.map((gradient) => gradient.mul(scale)), norm };
}

function totalNorm(gradients: readonly Tensor[], type: number): Tensor {
  if (type === Infinity) return stack(gradients.map((gradient) => gradient.abs().max())).max();
  const powers = gradients.map((gradient) =>
    (type === 2 ? gradient.square() : gradient.abs().pow(type)).sum(),
  );
  const total = powers.reduce((sum, power) => sum.add(power));
  return type === 2 ? total.sqrt() : total.pow(1 / type);
}

/**
 * Clips every element of every gradient to [−value, value].
 *
 * @throws OptionError unless value ≥ 0.
 */
export function clipGradValue(gradients: readonly Tensor[], value: number): Tensor[] {
  checkRange("clipGradValue", "value", value, 0, Infinity, true);
  return gradients.map((gradient) => gradient.clip(-value, value));
}
