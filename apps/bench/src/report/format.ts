import type { BenchName } from "../names.ts";
import type { Row } from "../row.ts";

const three = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(3);

/** A duration in the unit that suits it. */
export function formatMilliseconds(ms: number): string {
  if (ms < 1) return `${three(ms * 1000)} µs`;
  return ms < 1000 ? `${three(ms)} ms` : `${three(ms / 1000)} s`;
}

const units: Partial<Record<BenchName, string>> = { memory: "MiB", size: "kB" };

/** The unit of a bench whose figures are no times. */
export const unitOf = (bench: BenchName): string | undefined => units[bench];

/** A row's figure with its unit; what is no time has a unit of its own. */
export function formatFigure({ bench, medianMs, reason }: Row): string {
  if (medianMs === null) return reason === undefined ? "wrong" : "cannot";
  const unit = unitOf(bench);
  return unit === undefined ? formatMilliseconds(medianMs) : `${three(medianMs)} ${unit}`;
}

/** How many times as much as the least, "best" for the least itself. */
export function formatRatio(value: number, least: number): string {
  return value === least ? "best" : `${three(value / least)}×`;
}

export const formatPercent = (share: number): string => `${Math.round(100 * share)} %`;
