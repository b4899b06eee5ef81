import { OptionError } from "@chainrule/core";
import type { Schedule } from "./schedule.ts";

/**
 * γ to the number of milestones reached: PyTorch's MultiStepLR. A milestone named twice counts twice.
 *
 * @throws OptionError unless milestones are whole numbers ≥ 0 that never fall.
 */
export function multiStepDecay(milestones: readonly number[], gamma: number = 0.1): Schedule {
  if (milestones.some((at, i) => !Number.isInteger(at) || at < 0 || at < (milestones[i - 1] ?? 0))) {
    throw new OptionError(
      `multiStepDecay: milestones are whole numbers ≥ 0 in rising order, not [${milestones.join(", ")}]`,
    );
  }
  return (step) => gamma ** milestones.filter((at) => at <= step).length;
}
