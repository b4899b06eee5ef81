import { OptionError } from "@chainrule/core";
import * as Plot from "@observablehq/plot";
import { colors, fontSizes, seriesColor } from "../drawing/theme.ts";
import { formatNumber, textWidth } from "../text.ts";
import {
  type AxisOptions,
  type ChartOptions,
  draw,
  finish,
  linearTicks,
  logTicks,
  margins,
  scaleFor,
  tickText,
} from "./plot.ts";

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Half the length of a line around the bar's end. */
  readonly error?: number;
  /** A CSS colour; the palette's first unless given. */
  readonly color?: string;
}

/** Options of `barChart`. */
export interface BarChartOptions extends ChartOptions {
  /** The axis of the values. */
  readonly value?: AxisOptions;
  /** What the labels name. */
  readonly label?: string;
  /** A value marked by a line across all bars. */
  readonly reference?: number;
}

/**
 * Horizontal bars, the first on top, each with its value written at its end, as an SVG document.
 *
 * @throws OptionError for no bars, labels that repeat, or values that cannot be shown.
 */
export function barChart(bars: readonly Bar[], options: BarChartOptions = {}): string {
  if (bars.length === 0) throw new OptionError("barChart: give at least one bar");
  const labels = bars.map(({ label }) => label);
  const repeated = labels.find((label, i) => labels.indexOf(label) !== i);
  if (repeated !== undefined) throw new OptionError(`barChart: two bars are labelled "${repeated}"`);
  const { reference, width = 640, value: axis = {} } = options;
  const { log = false } = axis;
  const ends = bars.flatMap(({ value, error = 0 }) => [value - error, value + error]);
  const shown = [...ends, ...(log ? [] : [0]), ...(reference === undefined ? [] : [reference])];
  const scale = scaleFor("barChart", shown, axis);
  const [low, high] = axis.domain ?? [
    log
      ? scale.domain[0] / 1.5
      : Math.min(0, scale.domain[0] < 0 && Math.min(...shown) < 0 ? scale.domain[0] : 0),
    scale.domain[1],
  ];
  const base = log ? low : Math.min(Math.max(0, low), high);
  const ticks = axis.ticks ?? (log ? logTicks(low, high) : linearTicks(low, high));
  const left = Math.min(
    260,
    Math.max(...labels.map((label) => textWidth(label, fontSizes.tick))) + (options.label ? 34 : 16),
  );
  const right = Math.max(...bars.map(({ value }) => textWidth(formatNumber(value), fontSizes.tick))) + 14;
  const height = options.height ?? bars.length * 30 + margins.top + margins.bottom;
  const drawn = bars.map((bar) => ({
    ...bar,
    end: Number.isFinite(bar.value) && (!log || bar.value > 0) ? bar.value : base,
  }));
  const text = { fontSize: fontSizes.tick, fill: colors.text };
  const drawing = draw({
    width,
    height,
    marginLeft: left,
    marginRight: right,
    x: { type: scale.type, domain: [low, high] },
    y: { type: "band", domain: labels, padding: 0.25 },
    marks: [
      Plot.gridX(ticks, { stroke: colors.rule, strokeOpacity: 1 }),
      Plot.barX(drawn, { x1: base, x2: "end", y: "label", fill: (bar: Bar) => bar.color ?? seriesColor(0) }),
      Plot.link(
        drawn.filter(({ error }) => error !== undefined),
        {
          x1: ({ end, error = 0 }: (typeof drawn)[number]) => Math.max(low, end - error),
          x2: ({ end, error = 0 }: (typeof drawn)[number]) => end + error,
          y1: "label",
          y2: "label",
          stroke: colors.text,
          strokeWidth: 1.5,
        },
      ),
      Plot.text(drawn, {
        x: ({ end, error = 0 }: (typeof drawn)[number]) => Math.max(end + error, base),
        y: "label",
        text: ({ value }: Bar) => formatNumber(value),
        textAnchor: "start",
        dx: 5,
        ...text,
      }),
      ...(reference === undefined
        ? []
        : [Plot.ruleX([reference], { stroke: colors.muted, strokeDasharray: "3 3", strokeWidth: 1.3 })]),
      Plot.ruleX([base], { stroke: colors.border }),
      Plot.axisX(ticks, {
        label: scale.label,
        labelAnchor: "center",
        labelArrow: "none",
        labelOffset: 40,
        text: tickText,
        tickSize: 4,
        fontSize: fontSizes.tick,
      }),
      Plot.axisY({
        label: options.label ?? null,
        labelAnchor: "center",
        labelArrow: "none",
        tickSize: 0,
        fontSize: fontSizes.tick,
        labelOffset: left - 8,
      }),
    ],
  });
  return finish(drawing.svg, { ...options, width, height });
}
