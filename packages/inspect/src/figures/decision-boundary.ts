import { OptionError, realize, ShapeError, type Tensor, tensor } from "@chainrule/core";
import * as Plot from "@observablehq/plot";
import { mixRgb, parseColor, type Rgb } from "../drawing/color.ts";
import { picture } from "../drawing/picture.ts";
import { colors, palette, seriesColor } from "../drawing/theme.ts";
import { axes, type AxisOptions, type ChartOptions, draw, finish, type PlotScale, scaleFor } from "./plot.ts";

/** Points of a plane with their classes. */
export interface LabelledPoints {
  /** x₁, x₂ of each point, one after another. */
  readonly x: ArrayLike<number>;
  /** The class of each point, 0, 1, … */
  readonly y: ArrayLike<number>;
}

/** Options of `decisionBoundary`. */
export interface DecisionBoundaryOptions extends ChartOptions {
  /** What the model gives: logits (the default), of which σ or softmax makes probabilities, or those themselves. */
  readonly output?: "logits" | "probabilities";
  /** Names of the classes; default "class 0", "class 1", … */
  readonly classes?: readonly string[];
  readonly x?: AxisOptions;
  readonly y?: AxisOptions;
  /** Squares along each side at which the model is asked; default 120. */
  readonly resolution?: number;
}

/**
 * How a model divides the plane: its probabilities as shades, the boundary between classes as a line, and points.
 *
 * @param predict takes points [n, 2]; gives [n] or [n, 1] for two classes, [n, classes] for more.
 * @throws ShapeError where points or outputs have other shapes; OptionError where no point is finite.
 */
export async function decisionBoundary(
  predict: (x: Tensor) => Tensor,
  points: LabelledPoints,
  options: DecisionBoundaryOptions = {},
): Promise<string> {
  const count = points.y.length;
  if (points.x.length !== 2 * count) {
    throw new ShapeError(
      `decisionBoundary: ${count} classes need ${2 * count} coordinates, not ${points.x.length}`,
    );
  }
  const { resolution = 120, width = 520, height = 440 } = options;
  const rows = Array.from(points.y, (label, i) => ({ x: points.x[2 * i]!, y: points.x[2 * i + 1]!, label }));
  const x = scaleFor(
    "decisionBoundary",
    rows.map((row) => row.x),
    { label: "x₁", ...options.x },
  );
  const y = scaleFor(
    "decisionBoundary",
    rows.map((row) => row.y),
    { label: "x₂", ...options.y },
  );
  const probabilities = await askOnGrid(predict, x, y, resolution + 2, options.output ?? "logits");
  const classes = Math.max(probabilities.length, ...rows.map(({ label }) => label + 1));
  if (rows.some(({ label }) => !Number.isInteger(label) || label < 0)) {
    throw new OptionError("decisionBoundary: classes are whole numbers from 0");
  }
  const drawing = draw({
    width,
    height,
    x: { domain: [...x.domain] },
    y: { domain: [...y.domain] },
    marks: [
      ...boundaries(probabilities, x, y, resolution + 2),
      Plot.dot(rows, {
        x: "x",
        y: "y",
        r: 3.4,
        fill: ({ label }: (typeof rows)[number]) => seriesColor(label),
        stroke: colors.background,
        strokeWidth: 0.9,
      }),
      ...axes(x, y).slice(2),
      Plot.frame({ stroke: colors.border }),
    ],
  });
  const { place } = drawing;
  const [left, right] = x.domain.map((value) => place("x", value)) as [number, number];
  const [bottom, top] = y.domain.map((value) => place("y", value)) as [number, number];
  const shades = picture(
    shadesOf(probabilities.map((chances) => withoutRim(chances, resolution + 2))),
    { width: resolution, height: resolution },
    { x: left, y: top, width: right - left, height: bottom - top },
    true,
  );
  const legend = Array.from({ length: classes }, (_, i) => ({
    text: options.classes?.[i] ?? `class ${i}`,
    color: seriesColor(i),
    swatch: "dot" as const,
  }));
  return finish(shades + drawing.svg, { ...options, width, height }, legend);
}

/**
 * The probability of each class at the centre of each of n × n squares, row by row from the top. The outermost lie
 * outside the axes, where contours close.
 */
async function askOnGrid(
  predict: (x: Tensor) => Tensor,
  x: PlotScale,
  y: PlotScale,
  n: number,
  output: "logits" | "probabilities",
): Promise<Float64Array[]> {
  const at = ([low, high]: readonly [number, number], i: number): number =>
    low + ((high - low) * (i - 0.5)) / (n - 2);
  const grid = new Float32Array(n * n * 2);
  for (let i = 0; i < n * n; i++) {
    grid[2 * i] = at(x.domain, i % n);
    grid[2 * i + 1] = at(y.domain, n - 1 - Math.floor(i / n));
  }
  const given = predict(tensor(grid, { shape: [n * n, 2] }));
  const columns = given.size / (n * n);
  if (given.shape[0] !== n * n || given.rank > 2) {
    throw new ShapeError(
      `decisionBoundary: for points [${n * n}, 2] the model gave [${given.shape.join(", ")}]; it must give a row a point`,
    );
  }
  const flat = given.reshape(n * n, columns);
  const chances = output === "probabilities" ? flat : columns === 1 ? flat.sigmoid() : flat.softmax(-1);
  await realize(chances);
  const data = await chances.data();
  const column = (k: number): Float64Array =>
    Float64Array.from({ length: n * n }, (_, i) => data[i * columns + k]!);
  if (columns > 1) return Array.from({ length: columns }, (_, k) => column(k));
  const one = column(0);
  return [one.map((chance) => 1 - chance), one];
}

/** A grid without its outermost rows and columns. */
const withoutRim = (values: Float64Array, n: number): Float64Array =>
  values.filter((_, i) => i % n > 0 && i % n < n - 1 && i >= n && i < n * (n - 1));

/** The colour of the likeliest class, the paler the less sure. */
function shadesOf(probabilities: readonly Float64Array[]): Rgb[] {
  const white = parseColor(colors.background);
  const shades = probabilities.map((_, k) => parseColor(palette[k % palette.length]!));
  return Array.from(probabilities[0]!, (_, i) => {
    const best = probabilities.reduce(
      (top, chances, k) => (chances[i]! > probabilities[top]![i]! ? k : top),
      0,
    );
    const sure = (probabilities[best]![i]! - 1 / probabilities.length) / (1 - 1 / probabilities.length);
    return mixRgb(white, shades[best]!, 0.1 + 0.3 * Math.min(1, Math.max(0, sure)));
  });
}

/** Where each class is as likely as the likeliest other. */
function boundaries(
  probabilities: readonly Float64Array[],
  x: PlotScale,
  y: PlotScale,
  n: number,
): Plot.Markish[] {
  // Between two classes both have the same line.
  const classes = probabilities.length === 2 ? [probabilities[1]!] : probabilities;
  return classes.flatMap((chances, k) => {
    const lead = chances.map((chance, i) => {
      const others = probabilities.filter(
        (other) => other !== chances && (probabilities.length > 2 || k === 0),
      );
      return chance - Math.max(...others.map((other) => other[i]!));
    });
    if (lead.every((value) => value > 0) || lead.every((value) => value < 0)) return [];
    const rim = ([low, high]: readonly [number, number]): number => (high - low) / (n - 2);
    return [
      Plot.contour(lead, {
        width: n,
        height: n,
        // Rows come from the top.
        x1: x.domain[0] - rim(x.domain),
        x2: x.domain[1] + rim(x.domain),
        y1: y.domain[1] + rim(y.domain),
        y2: y.domain[0] - rim(y.domain),
        clip: true,
        thresholds: [0],
        stroke: colors.text,
        strokeWidth: 1.6,
        fill: "none",
      }),
    ];
  });
}
