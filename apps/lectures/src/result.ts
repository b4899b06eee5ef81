/** A number that a script came to, beside what it must be. */
export interface Check {
  readonly name: string;
  readonly value: number;
  /** What the value must be, such as "≤ 0.01". */
  readonly wanted: string;
  readonly ok: boolean;
}

/** Something worth seeing that nothing depends on. */
export interface Note {
  readonly name: string;
  readonly value: string | number;
}

/** What a script found. */
export interface Result {
  /** Whether every check is. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly notes: readonly Note[];
  /** Whole SVG documents. */
  readonly figures: readonly string[];
}

/** What a script hands over: its result but for the verdict, which follows from the checks. */
export interface Findings {
  readonly checks: readonly Check[];
  readonly notes?: readonly Note[];
  readonly figures: readonly string[];
}

/** Findings with the verdict: in order where every check is, and there is one. */
export function judged({ checks, notes = [], figures }: Findings): Result {
  return { ok: checks.length > 0 && checks.every(({ ok }) => ok), checks, notes, figures };
}

// Comparisons are written so that NaN fails.

/** value ≤ bound. */
export const atMost = (name: string, value: number, bound: number): Check => ({
  name,
  value,
  wanted: `≤ ${formatNumber(bound)}`,
  ok: value <= bound,
});

/** value ≥ bound. */
export const atLeast = (name: string, value: number, bound: number): Check => ({
  name,
  value,
  wanted: `≥ ${formatNumber(bound)}`,
  ok: value >= bound,
});

/** low ≤ value ≤ high. */
export const between = (name: string, value: number, low: number, high: number): Check => ({
  name,
  value,
  wanted: `from ${formatNumber(low)} to ${formatNumber(high)}`,
  ok: value >= low && value <= high,
});

/** value = wanted, exactly. */
export const exactly = (name: string, value: number, wanted: number): Check => ({
  name,
  value,
  wanted: `= ${formatNumber(wanted)}`,
  ok: value === wanted,
});

/** Four significant digits; whole numbers in full. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en-US");
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
