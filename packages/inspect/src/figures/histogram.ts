import { OptionError } from "@chainrule/core";
import * as Plot from "@observablehq/plot";
import { colors, seriesColor } from "../drawing/theme.ts";
import { axes, type AxisOptions, type ChartOptions, draw, finish, scaleFor } from "./plot.ts";

/** Options of `histogram`. */
export interface HistogramOptions extends ChartOptions {
  /** The number of bins; default 40. */
  readonly bins?: number;
  readonly x?: AxisOptions;
  /** Whether bars have the area 1 in all, to compare samples of different sizes; default: counts. */
  readonly density?: boolean;
}

/** A bin of a histogram: values v with from ≤ v < to, and v = to in the last. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Counts of values in equal bins over [low, high]; what lies outside or is not finite is not counted.
 *
 * @throws OptionError unless `bins` is a whole number ≥ 1 and low < high.
 */
export function binsOf(values: ArrayLike<number>, bins: number, low: number, high: number): Bin[] {
  if (!Number.isInteger(bins) || bins < 1 || !(low < high)) {
    throw new OptionError(
      `histogram: ${bins} bins from ${low} to ${high}; give at least one bin, and a range`,
    );
  }
  const counts = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= low && value <= high)) continue;
    counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]!++;
  }
  const edge = (i: number): number => low + ((high - low) * i) / bins;
  return Array.from(counts, (count, i) => ({
    from: edge(i),
    to: i === bins - 1 ? high : edge(i + 1),
    count,
  }));
}

/**
 * How values are spread: one sample, or several by name over each other, as an SVG document.
 *
 * @throws OptionError where there is no finite value.
 */
export function histogram(
  values: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>,
  options: HistogramOptions = {},
): string {
  const { bins = 40, density = false } = options;
  const single = Array.isArray(values) || ArrayBuffer.isView(values);
  const samples = Object.entries<ArrayLike<number>>(
    single ? { "": values as ArrayLike<number> } : (values as Readonly<Record<string, ArrayLike<number>>>),
  );
  const all = samples.flatMap(([, sample]) => Array.from(sample));
  const x = scaleFor("histogram", all, options.x);
  const finite = all.filter(Number.isFinite);
  const least = finite.reduce((low, value) => Math.min(low, value), Infinity);
  const most = finite.reduce((high, value) => Math.max(high, value), -Infinity);
  // Bins end at the values themselves, as the axis is a little wider.
  const [low, high] = options.x?.domain ?? (least < most ? [least, most] : x.domain);
  const counted = samples.map(([, sample]) => {
    const rows = binsOf(sample, bins, low, high);
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    return rows.map((bin) => ({
      ...bin,
      size: density ? bin.count / (total || 1) / (bin.to - bin.from) : bin.count,
    }));
  });
  const top = Math.max(...counted.flat().map(({ size }) => size)) || 1;
  const y = scaleFor("histogram", [], { label: density ? "density" : "count", domain: [0, top * 1.05] });
  const drawing = draw({
    width: options.width ?? 640,
    height: options.height ?? 400,
    x: { type: x.type, domain: [...x.domain] },
    y: { domain: [...y.domain] },
    marks: [
      ...axes(x, y),
      ...counted.map((rows, i) =>
        Plot.rect(
          rows.filter(({ size }) => size > 0),
          {
            x1: "from",
            x2: "to",
            y1: 0,
            y2: "size",
            fill: seriesColor(i),
            fillOpacity: samples.length > 1 ? 0.5 : 0.9,
            inset: 0.3,
          },
        ),
      ),
      Plot.ruleY([0], { stroke: colors.border }),
    ],
  });
  return finish(
    drawing.svg,
    options,
    single ? [] : samples.map(([text], i) => ({ text, color: seriesColor(i) })),
  );
}
