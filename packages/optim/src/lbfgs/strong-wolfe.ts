import { cubicMinimum, type LinePoint } from "./cubic.ts";

/** A point of the line with its whole gradient. */
export interface Trial extends LinePoint {
  readonly gradient: Float64Array;
}

/** What a line search may be told. */
export interface WolfeOptions {
  /** How much of the promised fall must come true. */
  readonly c1: number;
  /** How much of the slope may be left. */
  readonly c2: number;
  /** The bracket is small enough once its ends are this close in every parameter. */
  readonly toleranceChange: number;
  /** The largest component of the direction. */
  readonly reach: number;
  /** How many trials at most. */
  readonly maxTrials: number;
}

/**
 * A step t that obeys the strong Wolfe conditions, f(t) ≤ f(0) + c₁·t·f′(0) and |f′(t)| ≤ c₂·|f′(0)|: brackets one,
 * then narrows the bracket by cubic interpolation. Where the trials run out it is the lowest point seen, which may be the
 * start. Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6, with the safeguards of Schmidt's
 * minFunc, which PyTorch's line search follows too.
 */
export async function strongWolfe(
  evaluate: (t: number) => Promise<Trial>,
  start: Trial,
  first: number,
  options: WolfeOptions,
): Promise<Trial> {
  const { c1, c2, maxTrials } = options;
  const tooHigh = ({ t, loss }: Trial): boolean => !(loss <= start.loss + c1 * t * start.slope);
  const flat = ({ slope }: Trial): boolean => Math.abs(slope) <= -c2 * start.slope;
  let previous = start;
  let trial = await evaluate(first);
  for (let trials = 1; ; trials++) {
    if (!Number.isFinite(trial.loss) || !Number.isFinite(trial.slope)) {
      // Outside the function's domain: come back until there are numbers to interpolate.
      if (trials >= maxTrials) return previous;
      trial = await evaluate((previous.t + trial.t) / 2);
      continue;
    }
    if (tooHigh(trial) || (trials > 2 && trial.loss >= previous.loss) || (!flat(trial) && trial.slope >= 0))
      return zoom(evaluate, [previous, trial], maxTrials - trials, tooHigh, flat, options);
    if (flat(trial)) return trial;
    if (trials >= maxTrials) return trial.loss <= start.loss ? trial : start;
    const next = cubicMinimum(previous, trial, trial.t + 0.01 * (trial.t - previous.t), trial.t * 10);
    previous = trial;
    trial = await evaluate(next);
  }
}

/** Narrows a bracket, which holds a point that obeys both conditions, until that point is found. */
async function zoom(
  evaluate: (t: number) => Promise<Trial>,
  [a, b]: readonly [Trial, Trial],
  maxTrials: number,
  tooHigh: (trial: Trial) => boolean,
  flat: (trial: Trial) => boolean,
  { toleranceChange, reach }: WolfeOptions,
): Promise<Trial> {
  let [low, high] = a.loss <= b.loss ? [a, b] : [b, a];
  let hesitated = false;
  for (let trials = 0; trials < maxTrials; trials++) {
    if (Math.abs(high.t - low.t) * reach < toleranceChange) break;
    let t = cubicMinimum(low, high);
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    const margin = 0.1 * (right - left);
    // Twice in a row beside an end of the bracket, or on it, and the next trial keeps its distance.
    if (Math.min(right - t, t - left) < margin) {
      if (hesitated || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        hesitated = false;
      } else hesitated = true;
    } else hesitated = false;

    const trial = await evaluate(t);
    if (tooHigh(trial) || !(trial.loss < low.loss)) {
      high = trial;
      if (high.loss < low.loss) [low, high] = [high, low];
      continue;
    }
    if (flat(trial)) return trial;
    if (trial.slope * (high.t - low.t) >= 0) high = low;
    low = trial;
  }
  return low;
}
