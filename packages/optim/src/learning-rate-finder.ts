import { NumericError, OptionError, realize, type Tensor, Variable } from "@chainrule/core";
import { Adam } from "./adam.ts";
import { checkCount, checkRange } from "./options.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of learningRateFinder. */
export interface LearningRateFinderOptions {
  /** The optimiser that will train; its state is used up, so give one made for the search. A new Adam unless given. */
  readonly optimizer?: Optimizer;
  /** The first rate; 1e-7 unless given. */
  readonly from?: number;
  /** The last rate; 10 unless given. */
  readonly to?: number;
  /** How many rates are tried; 100 unless given. */
  readonly steps?: number;
  /** How much of the smoothed loss each step keeps; 0.9 unless given. */
  readonly smoothing?: number;
  /** The search stops where the smoothed loss passes this many times its least; 4 unless given. */
  readonly divergence?: number;
}

/** One rate that was tried. */
export interface LearningRatePoint {
  readonly lr: number;
  /** The loss before the step at that rate. */
  readonly loss: number;
  /** The exponential mean of the losses so far, its bias corrected. */
  readonly smoothed: number;
}

/** What a search found. */
export interface LearningRateCurve {
  readonly curve: readonly LearningRatePoint[];
  /** The rate at which the smoothed loss falls fastest. */
  readonly suggestion: number;
  /** Whether the loss blew up before the last rate. */
  readonly diverged: boolean;
}

/**
 * Tries rates from small to large, one training step each, lrᵢ = from·(to / from)^(i / (steps − 1)), and suggests the
 * one where the smoothed loss falls most steeply over log lr, before its minimum. `loss(i)` is the loss of the i-th
 * batch. The parameters are as before when it returns. Smith, "Cyclical learning rates for training neural networks",
 * WACV 2017.
 *
 * @throws OptionError unless 0 < from < to and steps ≥ 3; NumericError where the loss is not finite from the start.
 */
export async function learningRateFinder(
  parameters: readonly Variable[],
  loss: (step: number) => Tensor,
  options: LearningRateFinderOptions = {},
): Promise<LearningRateCurve> {
  const { optimizer = new Adam(), from = 1e-7, to = 10, steps = 100 } = options;
  const { smoothing = 0.9, divergence = 4 } = options;
  if (!(from > 0 && from < to && to < Infinity))
    throw new OptionError(`learningRateFinder: 0 < from < to, not from ${from} to ${to}`);
  checkCount("learningRateFinder", "steps", steps);
  if (steps < 3) throw new OptionError(`learningRateFinder: steps must be at least 3, not ${steps}`);
  checkRange("learningRateFinder", "smoothing", smoothing, 0, 1);
  const before = parameters.map((parameter) => new Variable(parameter));
  const rate = optimizer.lr;
  await realize(...before);
  try {
    const curve: LearningRatePoint[] = [];
    let [mean, best, diverged] = [0, Infinity, false];
    for (let i = 0; i < steps && !diverged; i++) {
      const lr = from * (to / from) ** (i / (steps - 1));
      optimizer.lr = lr;
      const value = loss(i);
      await optimizer.minimize(value, parameters);
      const current = await value.item();
      mean = smoothing * mean + (1 - smoothing) * current;
      const smoothed = mean / (1 - smoothing ** (i + 1));
      diverged = !Number.isFinite(smoothed) || (i > 0 && smoothed > divergence * Math.abs(best));
      if (!Number.isFinite(smoothed) && curve.length < 3) {
        throw new NumericError(
          `learningRateFinder: the loss is ${current} at the rate ${lr}; start from a smaller one, or look for the ` +
            `cause with debug({ nanCheck: true })`,
        );
      }
      if (Number.isFinite(smoothed)) curve.push({ lr, loss: current, smoothed });
      best = Math.min(best, smoothed);
    }
    return { curve, suggestion: steepest(curve), diverged };
  } finally {
    parameters.forEach((parameter, i) => parameter.assign(before[i]!));
    await realize(...parameters);
    optimizer.lr = rate;
  }
}

/** The rate of the steepest fall up to the minimum; rates are evenly spaced in log lr, so that differences compare. */
function steepest(curve: readonly LearningRatePoint[]): number {
  const lowest = curve.reduce((at, { smoothed }, i) => (smoothed < curve[at]!.smoothed ? i : at), 0);
  let at = 0;
  let slope = Infinity;
  for (let i = 1; i < lowest; i++) {
    const here = (curve[i + 1]!.smoothed - curve[i - 1]!.smoothed) / 2;
    if (here < slope) [at, slope] = [i, here];
  }
  return curve[at]!.lr;
}
