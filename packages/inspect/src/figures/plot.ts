import { OptionError } from "@chainrule/core";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { formatNumber } from "../text.ts";
import { frame, type LegendEntry } from "../drawing/frame.ts";
import { colors, fontFamily, fontSizes } from "../drawing/theme.ts";

/** What every chart takes. */
export interface ChartOptions {
  readonly title?: string;
  /** A line below the title: what was measured, under which conditions. */
  readonly subtitle?: string;
  /** Pixels of the plot; default 640. */
  readonly width?: number;
  /** Pixels of the plot; default 400. */
  readonly height?: number;
}

/** An axis of a chart. */
export interface AxisOptions {
  /** What it measures, with its unit. */
  readonly label?: string;
  /** Whether it is logarithmic; values that are not positive are then left out. Default false. */
  readonly log?: boolean;
  /** Its ends; what lies outside is cut off. Default: whatever holds all values. */
  readonly domain?: readonly [number, number];
  /** Where it is marked; chosen by the domain unless given. */
  readonly ticks?: readonly number[];
}

/** A scale as Plot takes it. */
export interface PlotScale {
  readonly type: "log" | "linear";
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly label: string | null;
}

/** Pixels kept free for the axes. */
export const margins = { left: 64, bottom: 46, top: 10, right: 18 } as const;

/** Documents are only made from, never shown: one serves all. */
const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** A scale for the values, with marks at round numbers. @throws OptionError where no value can be shown. */
export function scaleFor(name: string, values: Iterable<number>, axis: AxisOptions = {}): PlotScale {
  const { log = false, label = null } = axis;
  const shown = (value: number): boolean => Number.isFinite(value) && (!log || value > 0);
  const domain = axis.domain ?? extentOf(name, values, shown, log);
  const [low, high] = domain;
  if (!shown(low) || !shown(high) || !(low < high)) {
    throw new OptionError(
      `${name}: an axis cannot go from ${low} to ${high}${log ? " on a logarithmic scale" : ""}`,
    );
  }
  const ticks = axis.ticks ?? (log ? logTicks(low, high) : linearTicks(low, high));
  return { type: log ? "log" : "linear", domain, ticks, label };
}

function extentOf(
  name: string,
  values: Iterable<number>,
  shown: (value: number) => boolean,
  log: boolean,
): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!shown(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) {
    throw new OptionError(`${name}: there is no ${log ? "positive " : ""}finite value to show`);
  }
  if (low === high)
    return log ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  // A little air, so that marks at the ends are whole.
  const air = 0.03;
  if (log) return [low * (low / high) ** air, high * (high / low) ** air];
  return [low - air * (high - low), high + air * (high - low)];
}

/** Five or so round numbers: 1, 2 or 5 times a power of ten apart. */
export function linearTicks(low: number, high: number, count: number = 6): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  // Between two round steps the geometric mean decides.
  const part = raw / power;
  const step = power * (part > Math.sqrt(50) ? 10 : part > Math.sqrt(10) ? 5 : part > Math.SQRT2 ? 2 : 1);
  const ticks: number[] = [];
  // Counted in whole steps, rounded to what the step resolves: 0.1 + 0.2 is then 0.3.
  const digits = Math.max(0, Math.min(20, Math.ceil(-Math.log10(step)) + 1));
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
    ticks.push(Number((i * step).toFixed(digits)) + 0);
  }
  return ticks;
}

/** Powers of ten, at most eight; 1, 2 and 5 times them where those are fewer than two. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first >= 1) {
    const step = Math.ceil((last - first + 1) / 8);
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => power(first + i * step));
  }
  const ticks: number[] = [];
  for (let exponent = first - 1; exponent <= last + 1; exponent++) {
    for (const factor of [1, 2, 5]) {
      const tick = Number((factor * power(exponent)).toPrecision(1));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(low, high, 4).filter((tick) => tick > 0);
}

const power = (exponent: number): number => Number(`1e${exponent}`);

/** What stands at a tick: a text of its own, since a format would lose those of 6 to 9 times a power of ten on logarithmic axes. */
export const tickText = (tick: number): string => formatNumber(tick);

/** Grid lines and labelled axes for two numeric scales. */
export function axes(x: PlotScale, y: PlotScale): Plot.Markish[] {
  const style = { fontSize: fontSizes.tick, text: tickText, tickSize: 4, tickPadding: 4 };
  const title = { labelAnchor: "center", labelArrow: "none" } as const;
  return [
    Plot.gridX(x.ticks, { stroke: colors.rule, strokeOpacity: 1 }),
    Plot.gridY(y.ticks, { stroke: colors.rule, strokeOpacity: 1 }),
    Plot.axisX(x.ticks, { ...style, ...title, label: x.label, labelOffset: 40 }),
    Plot.axisY(y.ticks, { ...style, ...title, label: y.label, labelOffset: 56 }),
  ];
}

/** A chart drawn by Plot, not framed yet. */
export interface Drawing {
  readonly svg: string;
  /** The pixel of a value on a scale. */
  readonly place: (scale: "x" | "y", value: number | string) => number;
}

/** Draws marks; labels of axes stand in the middle, in the theme's fonts. */
export function draw(options: Plot.PlotOptions): Drawing {
  const element = Plot.plot({
    marginLeft: margins.left,
    marginBottom: margins.bottom,
    marginTop: margins.top,
    marginRight: margins.right,
    ...options,
    style: {
      fontFamily,
      fontSize: `${fontSizes.label}px`,
      color: colors.text,
      background: "none",
      overflow: "visible",
    },
    document,
  });
  return {
    svg: (element as unknown as { readonly outerHTML: string }).outerHTML,
    place: (scale, value) => element.scale(scale)!.apply(value) as number,
  };
}

/** A drawing as a whole figure. */
export function finish(svg: string, options: ChartOptions, legend: readonly LegendEntry[] = []): string {
  const { title, subtitle, width = 640, height = 400 } = options;
  return frame(svg, width, height, { title, subtitle, legend });
}
