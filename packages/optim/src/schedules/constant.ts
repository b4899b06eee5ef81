import type { Schedule } from "./schedule.ts";

/** The same factor at every step. */
export const constant =
  (factor: number = 1): Schedule =>
  () =>
    factor;
