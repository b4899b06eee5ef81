import { OptionError } from "@chainrule/core";
import { linearWarmup } from "./linear.ts";
import type { Schedule } from "./schedule.ts";

/**
 * One schedule after another: `schedules[i + 1]` takes over at step `milestones[i]` and counts from 0 there. PyTorch's
 * SequentialLR.
 *
 * @throws OptionError unless there is one milestone fewer than schedules, and milestones rise.
 */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length !== milestones.length + 1) {
    throw new OptionError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} milestones, not ${milestones.length}`,
    );
  }
  const starts = [0, ...milestones];
  if (milestones.some((milestone, i) => !(milestone > starts[i]!))) {
    throw new OptionError(`sequence: milestones must be above 0 and rise, not [${milestones.join(", ")}]`);
  }
  return (step) => {
    const current = Math.max(
      0,
      starts.findLastIndex((start) => start <= step),
    );
    return schedules[current]!(step - starts[current]!);
  };
}

/** A linear warm-up over `steps`, then `schedule` from its beginning. */
export const warmup = (steps: number, schedule: Schedule, start: number = 1 / 3): Schedule =>
  sequence([linearWarmup(steps, start), schedule], [steps]);
