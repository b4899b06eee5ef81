import { type ImplementationName, implementations, threaded } from "../names.ts";
import { isSoftware, type Report, type Row } from "../row.ts";
import { formatFigure, unitOf } from "./format.ts";

/** Told apart by family, then by shade; legible on light and dark. */
export const colours: Readonly<Record<ImplementationName, string>> = {
  "chainrule-cpu": "#f2a65a",
  "chainrule-wasm": "#e4572e",
  "chainrule-gpu": "#9c2c77",
  "tfjs-cpu": "#8fb8de",
  "tfjs-wasm": "#3f7cac",
  "jax-js-wasm": "#4f9d69",
  torch: "#8a8a8a",
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const unique = <T>(values: Iterable<T>): T[] => [...new Set(values)];

const width = 900;
const labelWidth = 290;
const right = 40;
const rowHeight = 30;
const top = 8;
const axis = 28;

const text = (x: number, y: number, anchor: "start" | "middle" | "end", content: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;

const label = ({ impl, threads }: Row): string =>
  threaded.has(impl) ? `${impl}, ${threads} thread${threads === 1 ? "" : "s"}` : impl;

const svg = (height: number, title: string, marks: readonly string[]): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">${marks.join("")}</svg>`;

type Measured = Row & { readonly medianMs: number };

const measuredOf = (rows: readonly Row[]): Measured[] =>
  rows.filter((row): row is Measured => row.medianMs !== null);

/** One line for each case and a dot for each implementation, on a logarithmic axis; several threads are rings. */
function dotChart(title: string, rows: readonly Measured[]): string {
  const cases = unique(rows.map((row) => row.case));
  const values = rows.map(({ medianMs }) => medianMs);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const x = (ms: number): number =>
    labelWidth + ((Math.log10(ms) - low) / (high - low)) * (width - labelWidth - right);
  const bottom = top + cases.length * rowHeight;
  const grid = Array.from({ length: high - low + 1 }, (_, i) => {
    const ms = 10 ** (low + i);
    const name = ms >= 1000 ? `${ms / 1000} s` : ms >= 1 ? `${ms} ms` : `${+(ms * 1000).toPrecision(1)} µs`;
    const at = x(ms).toFixed(1);
    return `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/>${text(x(ms), bottom + 18, "middle", name)}`;
  });
  const marks = cases.flatMap((name, i) => {
    const y = top + (i + 0.5) * rowHeight;
    return [
      text(labelWidth - 12, y + 4, "end", name),
      `<line class="row" x1="${labelWidth}" x2="${width - right}" y1="${y}" y2="${y}"/>`,
      ...rows
        .filter((row) => row.case === name)
        .map((row) => {
          const colour = colours[row.impl];
          const fill = row.threads > 1 ? "none" : colour;
          return (
            `<circle cx="${x(row.medianMs).toFixed(1)}" cy="${y}" r="6" fill="${fill}" stroke="${colour}" stroke-width="2.5">` +
            `<title>${escapeHtml(`${label(row)}: ${formatFigure(row)}`)}</title></circle>`
          );
        }),
    ];
  });
  return svg(bottom + axis, title, [...grid, ...marks]);
}

/** One bar for each implementation, from zero. */
function barChart(title: string, rows: readonly Measured[]): string {
  const most = Math.max(...rows.map(({ medianMs }) => medianMs));
  const bars = rows.flatMap((row, i) => {
    const y = top + i * rowHeight;
    const length = (row.medianMs / most) * (width - labelWidth - right - 80);
    return [
      text(labelWidth - 12, y + 18, "end", label(row)),
      `<rect x="${labelWidth}" y="${y + 4}" width="${Math.max(length, 1).toFixed(1)}" height="20" rx="2" fill="${colours[row.impl]}"/>`,
      text(labelWidth + length + 8, y + 18, "start", formatFigure(row)),
    ];
  });
  return svg(top + rows.length * rowHeight + top, title, bars);
}

/** A bench as a picture: bars where it has a single case, or figures that are no times. Empty without any. */
export function chartOf(title: string, all: readonly Row[]): string {
  const rows = measuredOf(all);
  if (rows.length === 0) return "";
  const cases = unique(rows.map((row) => row.case));
  const isTime = unitOf(rows[0]!.bench) === undefined;
  if (isTime && cases.length > 1) return dotChart(title, rows);
  const bars = cases.map((name) =>
    barChart(
      name,
      rows.filter((row) => row.case === name),
    ),
  );
  return cases.length === 1
    ? bars[0]!
    : bars.map((bar, i) => `<p>${escapeHtml(cases[i]!)}</p>${bar}`).join("");
}

/** The colours of the implementations that appear. */
export function legendOf({ rows, versions }: Pick<Report, "rows" | "versions">): string {
  const items = implementations
    .filter((name) => rows.some(({ impl }) => impl === name))
    .map(
      (name) =>
        `<li><i style="background:${colours[name]}"></i>${name}${isSoftware(name, versions) ? " (software)" : ""}</li>`,
    );
  return `<ul class="legend">${items.join("")}<li>filled: one thread, ring: several</li></ul>`;
}
