import type { Schedule } from "./schedule.ts";

/** γ^step: PyTorch's ExponentialLR. */
export const exponentialDecay =
  (gamma: number): Schedule =>
  (step) =>
    gamma ** step;
