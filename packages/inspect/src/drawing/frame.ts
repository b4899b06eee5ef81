import { escapeXml, textWidth } from "../text.ts";
import { colors, fontFamily, fontSizes } from "./theme.ts";

/** An entry of a legend: a swatch and what it means. */
export interface LegendEntry {
  readonly text: string;
  readonly color: string;
  /** What the swatch looks like; a square unless given. */
  readonly swatch?: "line" | "dashed" | "dot" | "square";
}

/** What stands around a drawing. */
export interface FrameOptions {
  readonly title?: string | undefined;
  readonly subtitle?: string | undefined;
  readonly legend?: readonly LegendEntry[];
}

/** Pixels between the drawing and the edge of the figure. */
const margin = 16;

/** A number of pixels with at most two decimals. */
export const px = (value: number): string => String(Number(value.toFixed(2)));

/** Text at a place, centred vertically on y. */
export function textAt(
  x: number,
  y: number,
  text: string,
  style: {
    readonly size: number;
    readonly color?: string;
    readonly weight?: "bold";
    readonly anchor?: "start" | "middle" | "end";
  },
): string {
  const { size, color = colors.text, weight, anchor = "start" } = style;
  const bold = weight === undefined ? "" : ` font-weight="600"`;
  const align = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  // 0.35 em below the centre is the base line; renderers differ in what they make of dominant-baseline.
  return `<text x="${px(x)}" y="${px(y + 0.35 * size)}" font-size="${size}" fill="${color}"${bold}${align} xml:space="preserve">${escapeXml(text)}</text>`;
}

/** A whole SVG document: title, subtitle and legend above a drawing of the size given. */
export function frame(body: string, width: number, height: number, options: FrameOptions = {}): string {
  const { title, subtitle, legend = [] } = options;
  const rows = legendRows(legend, Math.max(width, 200));
  const widest = Math.max(
    width,
    textWidth(title ?? "", fontSizes.title),
    textWidth(subtitle ?? "", fontSizes.subtitle),
    ...rows.map((row) => row.width),
  );
  const parts: string[] = [];
  let y = margin;
  if (title !== undefined) {
    parts.push(textAt(margin, y + 9, title, { size: fontSizes.title, weight: "bold" }));
    y += 25;
  }
  if (subtitle !== undefined) {
    parts.push(textAt(margin, y + 7, subtitle, { size: fontSizes.subtitle, color: colors.muted }));
    y += 20;
  }
  for (const row of rows) {
    parts.push(`<g transform="translate(${margin} ${y})">${row.body}</g>`);
    y += 20;
  }
  if (y > margin) y += 4;
  parts.push(`<g transform="translate(${px(margin + (widest - width) / 2)} ${y})">${body}</g>`);
  const [fullWidth, fullHeight] = [px(Math.ceil(widest + 2 * margin)), px(Math.ceil(y + height + margin))];
  const name = title === undefined ? "" : ` aria-label="${escapeXml(title)}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"${name} ` +
    `viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" ` +
    `font-family="${fontFamily}" style="background:${colors.background};max-width:100%;height:auto">` +
    `<rect width="100%" height="100%" fill="${colors.background}"/>${parts.join("")}</svg>\n`
  );
}

function legendRows(
  legend: readonly LegendEntry[],
  width: number,
): { readonly body: string; readonly width: number }[] {
  const rows: { parts: string[]; width: number }[] = [];
  for (const { text, color, swatch = "square" } of legend) {
    const size = 24 + textWidth(text, fontSizes.tick) + 14;
    let row = rows.at(-1);
    if (!row || row.width + size > width) rows.push((row = { parts: [], width: 0 }));
    row.parts.push(
      `<g transform="translate(${px(row.width)} 8)">${swatches[swatch](color)}${textAt(24, 0, text, { size: fontSizes.tick })}</g>`,
    );
    row.width += size;
  }
  return rows.map(({ parts, width: used }) => ({ body: parts.join(""), width: used }));
}

const line = (color: string, dash: string): string =>
  `<line x1="0" x2="18" y1="0" y2="0" stroke="${color}" stroke-width="2.5"${dash}/>`;

const swatches: Readonly<Record<NonNullable<LegendEntry["swatch"]>, (color: string) => string>> = {
  line: (color) => line(color, ""),
  dashed: (color) => line(color, ` stroke-dasharray="5 3"`),
  dot: (color) => `<circle cx="9" cy="0" r="4.5" fill="${color}"/>`,
  square: (color) => `<rect x="3" y="-6" width="12" height="12" rx="2" fill="${color}"/>`,
};
