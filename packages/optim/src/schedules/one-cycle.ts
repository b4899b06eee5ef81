import { OptionError } from "@chainrule/core";
import { checkCount, checkRange } from "../options.ts";
import { checkEnd } from "./end.ts";
import type { Schedule } from "./schedule.ts";

/** Options of oneCycle. */
export interface OneCycleOptions {
  /** The share of the steps in which the rate rises; 0.3 unless given. */
  readonly rise?: number;
  /** The first factor is 1 / divFactor; 25 unless given. */
  readonly divFactor?: number;
  /** The last factor is 1 / (divFactor · finalDivFactor); 1e4 unless given. */
  readonly finalDivFactor?: number;
  /** The curve between two ends; "cos" unless given. */
  readonly anneal?: "cos" | "linear";
  /** Whether the fall to the first factor takes as long as the rise, and the rest goes below it; false unless given. */
  readonly threePhase?: boolean;
}

const curves = {
  cos: (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2,
  linear: (from: number, to: number, share: number) => from + (to - from) * share,
} as const;

/**
 * From 1 / divFactor up to 1 and down to 1 / (divFactor · finalDivFactor) in `steps` steps, the base rate being the
 * largest: PyTorch's OneCycleLR, without its cycle of the momentum. Smith and Topin, "Super-convergence", 2017.
 *
 * @throws OptionError for an option out of range, and from the schedule beyond `steps`.
 */
export function oneCycle(steps: number, options: OneCycleOptions = {}): Schedule {
  const { rise = 0.3, divFactor = 25, finalDivFactor = 1e4, anneal = "cos", threePhase = false } = options;
  checkCount("oneCycle", "steps", steps);
  checkRange("oneCycle", "rise", rise, 0, 1, true);
  for (const [name, factor] of Object.entries({ divFactor, finalDivFactor })) {
    if (!(factor > 0)) throw new OptionError(`oneCycle: ${name} must be above 0, not ${factor}`);
  }
  if (!Object.hasOwn(curves, anneal)) {
    throw new OptionError(`oneCycle: anneal is "cos" or "linear", not ${JSON.stringify(anneal)}`);
  }
  const curve = curves[anneal];
  const first = 1 / divFactor;
  const last = first / finalDivFactor;
  const peak = rise * steps - 1;
  const ends = threePhase ? [peak, 2 * rise * steps - 2, steps - 1] : [peak, steps - 1];
  const values = threePhase ? [first, 1, first, last] : [first, 1, last];
  return (step) => {
    // A scheduler stands at `steps` once the last of them is done.
    checkEnd(`oneCycle(${steps})`, step, steps, last);
    if (step === steps) return last;
    const reached = ends.findIndex((end) => step <= end);
    const phase = reached < 0 ? ends.length - 1 : reached;
    const start = phase === 0 ? 0 : ends[phase - 1]!;
    return curve(values[phase]!, values[phase + 1]!, (step - start) / (ends[phase]! - start));
  };
}
