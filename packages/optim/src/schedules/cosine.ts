import { checkCount } from "../options.ts";
import { checkEnd } from "./end.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Half a cosine from 1 down to `end`: end + (1 − end)·(1 + cos(π·step / steps)) / 2, PyTorch's CosineAnnealingLR with
 * `end` = eta_min / base. Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
 *
 * @throws OptionError unless `steps` is a whole number ≥ 1, and from the schedule beyond step `steps`, where the
 * cosine would rise again.
 */
export function cosine(steps: number, end: number = 0): Schedule {
  checkCount("cosine", "steps", steps);
  return (step) => {
    checkEnd(`cosine(${steps}, ${end})`, step, steps, end);
    return end + ((1 - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
  };
}
