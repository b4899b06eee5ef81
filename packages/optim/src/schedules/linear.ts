import { checkCount } from "../options.ts";
import type { Schedule } from "./schedule.ts";

/**
 * From `start` to `end` in even steps, then `end`: start + (end − start)·min(1, step / steps), PyTorch's LinearLR.
 *
 * @throws OptionError unless `steps` is a whole number ≥ 1.
 */
export function linear(steps: number, start: number, end: number): Schedule {
  checkCount("linear", "steps", steps);
  return (step) => start + (end - start) * Math.min(1, step / steps);
}

/**
 * From `start` up to 1 in even steps, then 1. Goyal et al., "Accurate, large minibatch SGD", 2017.
 *
 * @throws OptionError unless `steps` is a whole number ≥ 1.
 */
export const linearWarmup = (steps: number, start: number = 1 / 3): Schedule => linear(steps, start, 1);
