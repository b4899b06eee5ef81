import { OptionError } from "@chainrule/core";

/** A nonlinearity whose gain is known. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyReLU" | "selu";

const gains: Record<Nonlinearity, (slope: number) => number> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyReLU: (slope) => Math.sqrt(2 / (1 + slope ** 2)),
  selu: () => 3 / 4,
};

/**
 * The factor by which weights must be wider so that the variance survives the nonlinearity: linear and sigmoid 1,
 * tanh 5/3, ReLU √2, leaky ReLU √(2 / (1 + a²)) for a slope a (0.01 unless given), SELU 3/4.
 *
 * @throws OptionError for an unknown nonlinearity.
 */
export function calculateGain(nonlinearity: Nonlinearity, slope: number = 0.01): number {
  if (!Object.hasOwn(gains, nonlinearity)) {
    const known = Object.keys(gains).join(", ");
    throw new OptionError(
      `calculateGain: unknown nonlinearity ${JSON.stringify(nonlinearity)}; there are ${known}`,
    );
  }
  return gains[nonlinearity](slope);
}
