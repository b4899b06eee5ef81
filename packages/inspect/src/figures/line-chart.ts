import { OptionError } from "@chainrule/core";
import * as Plot from "@observablehq/plot";
import type { LegendEntry } from "../drawing/frame.ts";
import { colors, fontSizes, seriesColor } from "../drawing/theme.ts";
import { axes, type AxisOptions, type ChartOptions, draw, finish, scaleFor } from "./plot.ts";

/** How a series is drawn. */
export type SeriesMark = "line" | "dashed" | "points" | "both" | "steps";

/** Points that belong together. */
export interface Series {
  /** Its name in the legend. */
  readonly name?: string;
  /** Default: 0, 1, 2, … */
  readonly x?: ArrayLike<number>;
  /** NaN leaves a gap. */
  readonly y: ArrayLike<number>;
  /** Half the length of a bar around each point: a standard error, for instance. */
  readonly error?: ArrayLike<number>;
  /** Default "line". */
  readonly mark?: SeriesMark;
  /** A CSS colour; the next of the palette unless given. */
  readonly color?: string;
}

/** A line across the chart at a value of one axis. */
export interface Reference {
  readonly x?: number;
  readonly y?: number;
  /** Written beside it. */
  readonly label?: string;
}

/** Options of `lineChart`. */
export interface LineChartOptions extends ChartOptions {
  readonly x?: AxisOptions;
  readonly y?: AxisOptions;
  readonly references?: readonly Reference[];
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly error: number;
}

/**
 * Lines and points over two axes, as an SVG document.
 *
 * @throws OptionError for no series, for x and y that differ in length, or where nothing finite is left to show.
 */
export function lineChart(series: readonly Series[], options: LineChartOptions = {}): string {
  if (series.length === 0) throw new OptionError("lineChart: give at least one series");
  const { references = [] } = options;
  const points = series.map(pointsOf);
  const all = points.flat();
  const bars = all.flatMap(({ y, error }) => (error > 0 ? [y - error, y + error] : [y]));
  const x = scaleFor(
    "lineChart",
    [...all.map((point) => point.x), ...references.flatMap((r) => r.x ?? [])],
    options.x,
  );
  const y = scaleFor("lineChart", [...bars, ...references.flatMap((r) => r.y ?? [])], options.y);
  const clip = options.x?.domain !== undefined || options.y?.domain !== undefined;
  const drawing = draw({
    width: options.width ?? 640,
    height: options.height ?? 400,
    x: { type: x.type, domain: [...x.domain] },
    y: { type: y.type, domain: [...y.domain] },
    marks: [
      ...axes(x, y),
      ...references.flatMap((reference) => rule(reference, [...y.domain], [...x.domain])),
      ...points.flatMap((rows, i) =>
        marksOf(rows, series[i]!, colorOf(series, i), { clip, x: x.type === "log", y: y.type === "log" }),
      ),
      Plot.frame({ stroke: colors.border, strokeWidth: 1 }),
    ],
  });
  return finish(drawing.svg, options, legendOf(series));
}

function pointsOf({ x, y, error, name }: Series): Point[] {
  const what = name === undefined ? "a series" : `series "${name}"`;
  for (const [axis, values] of [
    ["x", x],
    ["error", error],
  ] as const) {
    if (values && values.length !== y.length) {
      throw new OptionError(`lineChart: ${what} has ${values.length} values of ${axis} for ${y.length} of y`);
    }
  }
  return Array.from(y, (value, i) => ({ x: x?.[i] ?? i, y: value, error: error?.[i] ?? 0 }));
}

const colorOf = (series: readonly Series[], i: number): string => series[i]!.color ?? seriesColor(i);

const swatches = { line: "line", dashed: "dashed", points: "dot", both: "line", steps: "line" } as const;

function legendOf(series: readonly Series[]): LegendEntry[] {
  return series.flatMap(({ name, mark = "line" }, i) =>
    name === undefined ? [] : [{ text: name, color: colorOf(series, i), swatch: swatches[mark] }],
  );
}

function marksOf(
  rows: readonly Point[],
  { mark = "line" }: Series,
  stroke: string,
  on: { readonly clip: boolean; readonly x: boolean; readonly y: boolean },
): Plot.Markish[] {
  // What a logarithmic axis cannot show leaves a gap.
  const shown = rows.map((row) => ({
    ...row,
    y:
      Number.isFinite(row.y) && Number.isFinite(row.x) && (!on.y || row.y > 0) && (!on.x || row.x > 0)
        ? row.y
        : NaN,
  }));
  const { clip } = on;
  const marks: Plot.Markish[] = [];
  const bars = shown.filter(({ error }) => error > 0);
  if (bars.length > 0) {
    const ends = { y1: ({ y, error }: Point) => y - error, y2: ({ y, error }: Point) => y + error };
    marks.push(Plot.ruleX(bars, { x: "x", ...ends, stroke, strokeWidth: 1.5, clip }));
  }
  if (mark !== "points") {
    marks.push(
      Plot.line(shown, {
        x: "x",
        y: "y",
        stroke,
        strokeWidth: 2.2,
        clip,
        ...(mark === "dashed" ? { strokeDasharray: "6 4" } : {}),
        ...(mark === "steps" ? { curve: "step-after" as const } : {}),
      }),
    );
  }
  if (mark === "points" || mark === "both") {
    marks.push(
      Plot.dot(
        shown.filter(({ y }) => !Number.isNaN(y)),
        { x: "x", y: "y", r: 3.2, fill: stroke, stroke: colors.background, strokeWidth: 0.7, clip },
      ),
    );
  }
  return marks;
}

function rule(
  { x, y, label }: Reference,
  yEnds: readonly number[],
  xEnds: readonly number[],
): Plot.Markish[] {
  const line = { stroke: colors.muted, strokeDasharray: "3 3", strokeWidth: 1.3 };
  const text = {
    fill: colors.muted,
    fontSize: fontSizes.tick,
    stroke: colors.background,
    strokeWidth: 4,
    text: () => label ?? "",
  };
  const marks: Plot.Markish[] = [];
  if (x !== undefined) {
    marks.push(Plot.ruleX([x], line));
    if (label !== undefined) {
      marks.push(
        Plot.text([0], { ...text, x: () => x, y: () => yEnds[1]!, textAnchor: "start", dx: 5, dy: 10 }),
      );
    }
  }
  if (y !== undefined) {
    marks.push(Plot.ruleY([y], line));
    if (label !== undefined) {
      marks.push(
        Plot.text([0], { ...text, x: () => xEnds[1]!, y: () => y, textAnchor: "end", dx: -6, dy: -8 }),
      );
    }
  }
  return marks;
}
