import { checkCount } from "../options.ts";
import type { Schedule } from "./schedule.ts";

/**
 * γ^⌊step / every⌋: PyTorch's StepLR.
 *
 * @throws OptionError unless `every` is a whole number ≥ 1.
 */
export function stepDecay(every: number, gamma: number = 0.1): Schedule {
  checkCount("stepDecay", "every", every);
  return (step) => gamma ** Math.floor(step / every);
}
