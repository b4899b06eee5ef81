import { checkCount, checkRange } from "../options.ts";
import type { Schedule } from "./schedule.ts";

/** Options of cosineRestarts. */
export interface CosineRestartsOptions {
  /** How much longer each period is than the one before; 1 unless given. */
  readonly multiplier?: number;
  /** Where each cosine ends; 0 unless given. */
  readonly end?: number;
}

/**
 * Half a cosine from 1 down to `end`, begun anew after each period: end + (1 − end)·(1 + cos(π·s / T)) / 2 at step s of
 * a period of T, the first being `period` long. It goes on for ever. PyTorch's CosineAnnealingWarmRestarts with `end` =
 * eta_min / base. Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
 *
 * @throws OptionError unless `period` is a whole number ≥ 1 and `multiplier` ≥ 1.
 */
export function cosineRestarts(period: number, options: CosineRestartsOptions = {}): Schedule {
  const { multiplier = 1, end = 0 } = options;
  checkCount("cosineRestarts", "period", period);
  checkRange("cosineRestarts", "multiplier", multiplier, 1);
  return (step) => {
    let [length, within] = [period, step];
    if (multiplier === 1) within = step % period;
    else {
      while (within >= length) {
        within -= length;
        length *= multiplier;
      }
    }
    return end + ((1 - end) * (1 + Math.cos((Math.PI * within) / length))) / 2;
  };
}
