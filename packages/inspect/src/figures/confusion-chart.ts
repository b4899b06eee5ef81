import { OptionError, ShapeError } from "@chainrule/core";
import type { ConfusionMatrix } from "@chainrule/nn";
import * as Plot from "@observablehq/plot";
import { mix } from "../drawing/color.ts";
import { colors, fontSizes, palette } from "../drawing/theme.ts";
import { textWidth } from "../text.ts";
import { type ChartOptions, draw, finish } from "./plot.ts";

/** Counts as `counts[true class][predicted class]`, and the names of the classes. */
export type Confusion = Pick<ConfusionMatrix, "classes" | "counts">;

/**
 * A confusion matrix with its counts, a row for each true class, shaded by the share of the row, as an SVG document.
 *
 * @throws ShapeError unless there are as many rows and columns as classes; OptionError for no class.
 */
export function confusionChart({ classes, counts }: Confusion, options: ChartOptions = {}): string {
  if (classes.length === 0) throw new OptionError("confusionChart: there are no classes");
  if (counts.length !== classes.length || counts.some((row) => row.length !== classes.length)) {
    throw new ShapeError(`confusionChart: ${classes.length} classes need as many rows and columns of counts`);
  }
  const cells = counts.flatMap((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, j) => ({
      truth: classes[i]!,
      predicted: classes[j]!,
      count,
      share: total === 0 ? 0 : count / total,
    }));
  });
  const longest = Math.max(...classes.map((name) => textWidth(name, fontSizes.tick)));
  const widest = Math.max(...cells.map(({ count }) => textWidth(String(count), fontSizes.tick)));
  const size = Math.max(34, widest + 10, longest + 8);
  const [left, top] = [longest + 46, 44];
  const side = Math.max(34, widest + 10);
  const width = options.width ?? Math.round(left + classes.length * size + 12);
  const height = options.height ?? Math.round(top + classes.length * side + 12);
  const axis = { labelAnchor: "center", labelArrow: "none", tickSize: 0, fontSize: fontSizes.tick } as const;
  const { svg } = draw({
    width,
    height,
    marginLeft: left,
    marginTop: top,
    marginBottom: 12,
    marginRight: 12,
    x: { type: "band", domain: classes, padding: 0.04 },
    y: { type: "band", domain: classes, padding: 0.04 },
    marks: [
      Plot.cell(cells, {
        x: "predicted",
        y: "truth",
        // Small shares stay visible: errors are what the figure is for.
        fill: ({ share }: (typeof cells)[number]) =>
          mix(colors.background, palette[0]!, share === 0 ? 0.03 : 0.08 + 0.92 * share),
      }),
      Plot.text(cells, {
        x: "predicted",
        y: "truth",
        text: ({ count }: (typeof cells)[number]) => (count === 0 ? "·" : String(count)),
        fill: ({ share }: (typeof cells)[number]) => (share > 0.5 ? colors.background : colors.text),
        fontSize: fontSizes.tick,
      }),
      Plot.axisX({ anchor: "top", label: "predicted", labelOffset: 38, ...axis }),
      Plot.axisY({ label: "true", labelOffset: left - 12, ...axis }),
    ],
  });
  return finish(svg, { ...options, width, height });
}
