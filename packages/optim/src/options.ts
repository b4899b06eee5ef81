import { OptionError } from "@chainrule/core";

/** Throws an OptionError unless low ≤ value, and value < high or, where `inclusive`, value ≤ high. */
export function checkRange(
  owner: object | string,
  name: string,
  value: number,
  low: number,
  high: number = Infinity,
  inclusive: boolean = false,
): void {
  if (value >= low && (value < high || (inclusive && value === high))) return;
  const range = high === Infinity ? `at least ${low}` : `in [${low}, ${high}${inclusive ? "]" : ")"}`;
  const title = typeof owner === "string" ? owner : owner.constructor.name;
  throw new OptionError(`${title}: ${name} must be ${range}, not ${value}`);
}

/** Throws an OptionError unless `value` is a whole number ≥ 1. */
export function checkCount(owner: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new OptionError(`${owner}: ${name} must be a whole number ≥ 1, not ${value}`);
  }
}

/** Throws an OptionError unless both decays are in [0, 1). */
export function checkBetas(owner: object, betas: readonly [number, number]): void {
  checkRange(owner, "betas[0]", betas[0], 0, 1);
  checkRange(owner, "betas[1]", betas[1], 0, 1);
}
