import { OptionError } from "@chainrule/core";

/**
 * Throws an OptionError where a schedule that ends is asked for a step beyond its end: the run is longer than planned,
 * and what the rate should be there is not for the schedule to guess.
 */
export function checkEnd(call: string, step: number, last: number, held: number): void {
  if (step <= last) return;
  throw new OptionError(
    `${call.slice(0, call.indexOf("("))}: step ${step} is beyond the end at ${last}; plan more steps, or hold the last ` +
      `value: sequence([${call}, constant(${held})], [${last}])`,
  );
}
