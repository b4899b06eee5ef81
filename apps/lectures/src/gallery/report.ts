import { formatNumber, type Note } from "../result.ts";
import type { Run } from "./run.ts";

/** A run as a row of the JSON report. */
export interface Row {
  readonly id: number;
  readonly name: string;
  readonly target: string;
  /** Every number that was judged, or why there is none. */
  readonly value: string;
  readonly ok: boolean;
}

export function rowOf({ lecture, result, error }: Run): Row {
  const { id, name, target } = lecture;
  const numbers = result?.checks.map((check) => `${check.name}: ${formatNumber(check.value)}`);
  return {
    id,
    name,
    target,
    value: numbers?.join("; ") ?? `failed: ${String(error)}`,
    ok: result?.ok ?? false,
  };
}

/** A note's value as text. */
export const noteText = ({ value }: Note): string =>
  typeof value === "number" ? formatNumber(value) : value;

/** A run as lines for a terminal. */
export function linesOf({ lecture, result, error, seconds }: Run): string[] {
  const mark = (ok: boolean): string => (ok ? "✓" : "✗");
  const head = `${mark(result?.ok ?? false)} ${lecture.id} ${lecture.name} (${seconds.toFixed(1)} s)`;
  if (!result)
    return [head, `    ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  return [
    head,
    ...result.checks.map(
      ({ name, value, wanted, ok }) => `    ${mark(ok)} ${name}: ${formatNumber(value)}, wanted ${wanted}`,
    ),
    ...result.notes.map((note) => `      ${note.name}: ${noteText(note).replaceAll("\n", "\n      ")}`),
  ];
}
