import { checkCount, checkRange } from "../options.ts";
import { checkEnd } from "./end.ts";
import type { Schedule } from "./schedule.ts";

/**
 * From 1 down to `end` along a power: end + (1 − end)·(1 − step / steps)^power, with end 0 PyTorch's PolynomialLR.
 *
 * @throws OptionError unless `steps` is a whole number ≥ 1 and power ≥ 0, and from the schedule beyond step `steps`.
 */
export function polynomial(steps: number, power: number = 1, end: number = 0): Schedule {
  checkCount("polynomial", "steps", steps);
  checkRange("polynomial", "power", power, 0);
  return (step) => {
    checkEnd(`polynomial(${steps}, ${power}, ${end})`, step, steps, end);
    return end + (1 - end) * (1 - step / steps) ** power;
  };
}
