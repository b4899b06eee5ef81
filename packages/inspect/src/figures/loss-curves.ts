import { OptionError } from "@chainrule/core";
import type { EpochRecord, History } from "@chainrule/train";
import { seriesColor } from "../drawing/theme.ts";
import { lineChart, type LineChartOptions, type Series } from "./line-chart.ts";

/** Options of `lossCurves`. */
export interface LossCurvesOptions extends LineChartOptions {
  /** The figure drawn: "loss" (the default), "accuracy", or the name of one of fit's metrics. */
  readonly measure?: string;
}

/** Losses by epoch, or what `fit` returned. */
export type LossHistory = History | ArrayLike<number>;

/**
 * A figure of training by epoch: one history, or several by name in one figure. Training losses are full lines,
 * test losses dashed ones of the same colour.
 *
 * @throws OptionError where the measure was not taken.
 */
export function lossCurves(
  histories: LossHistory | Readonly<Record<string, LossHistory>>,
  options: LossCurvesOptions = {},
): string {
  const { measure = "loss" } = options;
  const single = isHistory(histories);
  const named = single ? { "": histories } : histories;
  const series = Object.entries(named).flatMap(([name, history], i) =>
    curves(name, history, measure, single ? undefined : i),
  );
  if (series.length === 0) throw new OptionError(`lossCurves: no history has a measure named "${measure}"`);
  const few = series.every(({ y }) => y.length <= 25);
  return lineChart(
    series.map((curve) => (few && curve.mark === "line" ? { ...curve, mark: "both" } : curve)),
    { ...options, x: { label: "epoch", ...options.x }, y: { label: measure, ...options.y } },
  );
}

function isHistory(value: LossHistory | Readonly<Record<string, LossHistory>>): value is LossHistory {
  return Array.isArray(value) || ArrayBuffer.isView(value) || ("epochs" in value && "backend" in value);
}

function curves(name: string, history: LossHistory, measure: string, index: number | undefined): Series[] {
  const prefix = name === "" ? "" : `${name}, `;
  if (!("epochs" in history)) {
    const x = Array.from({ length: history.length }, (_, epoch) => epoch + 1);
    return [
      { ...(name === "" ? {} : { name }), x, y: history, color: seriesColor(index ?? 0), mark: "line" },
    ];
  }
  const { epochs } = history;
  const test = (record: EpochRecord): number | null => {
    if (measure === "loss") return record.testLoss;
    return measure === "accuracy" ? record.testAccuracy : (record.metrics[measure] ?? null);
  };
  const x = epochs.map(({ epoch }) => epoch);
  const found: Series[] = [];
  if (measure === "loss") {
    const y = epochs.map(({ trainLoss }) => trainLoss);
    found.push({ name: `${prefix}training`, x, y, color: seriesColor(index ?? 0), mark: "line" });
  }
  if (epochs.some((record) => test(record) !== null)) {
    const y = epochs.map((record) => test(record) ?? NaN);
    found.push({
      name: `${prefix}test`,
      x,
      y,
      color: seriesColor(index ?? 1),
      mark: index === undefined ? "line" : "dashed",
    });
  }
  return found;
}
