import type { LayerReport, LayerStatistics } from "../layers/inspect-layers.ts";
import { barChart, type BarChartOptions } from "./bar-chart.ts";

/** What a layer is measured by. */
export type LayerMeasure =
  | "activation mean"
  | "activation variance"
  | "gradient norm"
  | "weight gradient norm"
  | "dead share"
  | "saturated share";

const measures: Readonly<Record<LayerMeasure, (layer: LayerStatistics) => number | null>> = {
  "activation mean": ({ activation }) => activation.mean,
  "activation variance": ({ activation }) => activation.variance,
  "gradient norm": ({ gradient }) => gradient.norm,
  "weight gradient norm": ({ parameters }) => parameters[0]?.gradient.norm ?? null,
  "dead share": ({ deadUnits, units }) => (deadUnits === null ? null : deadUnits / units),
  "saturated share": ({ saturated }) => saturated,
};

/**
 * A measure of each layer as bars, those that do not have it left out: logarithmic for variances and norms.
 *
 * @throws OptionError where no layer has the measure.
 */
export function layerChart(
  report: LayerReport,
  measure: LayerMeasure,
  options: BarChartOptions = {},
): string {
  const bars = report.layers.flatMap((layer, i) => {
    const value = measures[measure](layer);
    return value === null ? [] : [{ label: nameOf(report.layers, i), value }];
  });
  const log = /variance|norm/.test(measure) && bars.some(({ value }) => value > 0);
  return barChart(bars, {
    title: measure.charAt(0).toUpperCase() + measure.slice(1),
    ...options,
    value: { label: measure, log, ...options.value },
  });
}

/** The name and the class; a layer that runs again is numbered. */
function nameOf(layers: readonly LayerStatistics[], i: number): string {
  const { name, layer } = layers[i]!;
  const runs = layers.slice(0, i).filter((other) => other.name === name).length;
  return `${name} ${layer}${runs > 0 ? ` (${runs + 1})` : ""}`;
}
