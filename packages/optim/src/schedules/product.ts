import type { Schedule } from "./schedule.ts";

/** All schedules at once: the product of their factors. PyTorch's ChainedScheduler. */
export const product =
  (...schedules: readonly Schedule[]): Schedule =>
  (step) =>
    schedules.reduce((factor, schedule) => factor * schedule(step), 1);
