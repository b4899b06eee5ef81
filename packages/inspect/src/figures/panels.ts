import { OptionError } from "@chainrule/core";
import { frame, px } from "../drawing/frame.ts";

/** Options of `panels`. */
export interface PanelsOptions {
  /** Figures in a row; default 2. */
  readonly columns?: number;
  readonly title?: string;
  readonly subtitle?: string;
}

/**
 * Several figures of this package side by side as one.
 *
 * @throws OptionError for no figures, or one that does not begin with its size.
 */
export function panels(figures: readonly string[], options: PanelsOptions = {}): string {
  const { columns = 2, title, subtitle } = options;
  if (figures.length === 0 || !Number.isInteger(columns) || columns < 1) {
    throw new OptionError("panels: give at least one figure, and at least one column");
  }
  const sizes = figures.map((figure, i) => {
    const size = /^<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(figure);
    if (!size) throw new OptionError(`panels: figure ${i} is not one of this package's SVG documents`);
    return { width: Number(size[1]), height: Number(size[2]) };
  });
  const across = Math.min(columns, figures.length);
  const widths = Array.from({ length: across }, (_, column) =>
    Math.max(...sizes.filter((_, i) => i % columns === column).map((size) => size.width)),
  );
  const left = (column: number): number => widths.slice(0, column).reduce((sum, width) => sum + width, 0);
  const parts: string[] = [];
  let y = 0;
  for (let start = 0; start < figures.length; start += columns) {
    const row = figures.slice(start, start + columns);
    row.forEach((figure, i) => {
      parts.push(figure.replace("<svg ", `<svg x="${px(left(i))}" y="${px(y)}" `).trimEnd());
    });
    y += Math.max(...sizes.slice(start, start + columns).map((size) => size.height));
  }
  return frame(parts.join(""), left(across), y, { title, subtitle });
}
