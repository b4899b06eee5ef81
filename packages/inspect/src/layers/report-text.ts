import { table } from "../table.ts";
import { formatNumber, formatShare } from "../text.ts";
import type { Finding } from "./findings.ts";
import type { LayerStatistics } from "./inspect-layers.ts";

/** See `LayerReport.toString`. */
export function reportToText(
  loss: number,
  layers: readonly LayerStatistics[],
  findings: readonly Finding[],
): string {
  const header = [
    "name",
    "layer",
    "mean",
    "variance",
    "gradient norm",
    "weight gradient",
    "dead",
    "saturated",
  ];
  const rows = layers.map(
    ({ name, layer, activation, gradient, parameters, units, deadUnits, saturated }) => [
      name,
      layer,
      formatNumber(activation.mean),
      formatNumber(activation.variance),
      formatNumber(gradient.norm),
      parameters[0] ? formatNumber(parameters[0].gradient.norm) : "",
      deadUnits === null ? "" : `${deadUnits} of ${units}`,
      saturated === null ? "" : formatShare(saturated),
    ],
  );
  const warnings = findings.map(({ message }) => `warning: ${message}`);
  return [`loss ${formatNumber(loss)}`, table(header, rows), ...warnings].join("\n");
}
