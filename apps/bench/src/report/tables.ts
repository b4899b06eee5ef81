import { type BenchName, benches, type ImplementationName, implementations, threaded } from "../names.ts";
import { isSoftware, type Outcome, type Row, type Versions } from "../row.ts";
import type { Roofline } from "../roofline/measure.ts";
import { formatFigure, formatPercent, formatRatio } from "./format.ts";

/** A table as text: the first column names the row. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

/**
 * The rows of a table: those of one number of threads, and beside them those of implementations that have one thread
 * whatever is asked.
 */
function rowsWith(threads: number, rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.threads === threads || !threaded.has(row.impl));
}

const unique = <T>(values: Iterable<T>): T[] => [...new Set(values)];

function columnsOf(rows: readonly Row[]): ImplementationName[] {
  return implementations.filter((name) => rows.some(({ impl }) => impl === name));
}

const plural = (threads: number): string => `${threads} thread${threads === 1 ? "" : "s"}`;

function cell(row: Row | undefined, rivals: readonly Row[]): string {
  if (!row) return "–";
  if (row.medianMs === null) return formatFigure(row);
  const least = Math.min(...rivals.map(({ medianMs }) => medianMs ?? Infinity));
  // Slow ones are measured far less often than the others, which is worth knowing.
  const most = Math.max(...rivals.map(({ repetitions }) => repetitions));
  const count = 2 * row.repetitions < most ? ` (n=${row.repetitions})` : "";
  return `${formatFigure(row)} · ${formatRatio(row.medianMs, least)}${count}`;
}

/** A column's heading: an implementation with what has to be known of it beside the others. */
function heading(name: ImplementationName, threads: number, versions: Versions): string {
  const marks = [
    ...(threads > 1 && !threaded.has(name) ? ["1"] : []),
    ...(isSoftware(name, versions) ? ["software"] : []),
  ];
  return marks.length > 0 ? `${name} (${marks.join(", ")})` : name;
}

/** Medians and their ratios to the fastest, one table for each number of threads. */
export function benchTables(bench: BenchName, all: readonly Row[], versions: Versions = {}): Table[] {
  const mine = all.filter((row) => row.bench === bench);
  if (mine.length === 0) return [];
  const counts = unique(mine.filter(({ impl }) => threaded.has(impl)).map(({ threads }) => threads));
  return (counts.length > 0 ? counts : [1]).map((threads) => {
    const rows = rowsWith(threads, mine);
    const columns = columnsOf(rows);
    return {
      title: bench === "size" ? bench : `${bench}, ${plural(threads)}`,
      head: ["", ...columns.map((name) => heading(name, threads, versions))],
      body: unique(rows.map((row) => row.case)).map((name) => {
        const rivals = rows.filter((row) => row.case === name);
        return [
          name,
          ...columns.map((impl) =>
            cell(
              rivals.find((row) => row.impl === impl),
              rivals,
            ),
          ),
        ];
      }),
    };
  });
}

/** The peak that a row is held against: scalar JavaScript for what runs that, else SIMD, for each thread. */
export function peakOf({ impl, threads }: Row, roofline: Roofline): number | null {
  if (impl === "chainrule-gpu") return null;
  if (impl === "chainrule-cpu" || impl === "tfjs-cpu") return roofline.scalarGflops;
  return roofline.wasmGflops === null ? null : roofline.wasmGflops * threads;
}

/** Each product's speed and its share of the roofline. */
export function rooflineTables({ machine: { roofline }, versions, rows: all }: Outcome["report"]): Table[] {
  const rows = all.filter(({ bench, gflops }) => bench === "matmul" && gflops !== null);
  const counts = unique(rows.filter(({ impl }) => threaded.has(impl)).map(({ threads }) => threads));
  const wasm = roofline.wasmGflops === null ? "no SIMD" : `${roofline.wasmGflops.toFixed(1)} GFLOP/s`;
  const title = `matmul as a share of one core's peak (${roofline.wasmInstructions ?? "WASM"}: ${wasm}; scalar JavaScript: ${roofline.scalarGflops.toFixed(1)} GFLOP/s)`;
  if (rows.length === 0) return [];
  return (counts.length > 0 ? counts : [1]).map((threads) => {
    const columns = columnsOf(rowsWith(threads, rows));
    return {
      title: `${title}, ${plural(threads)}`,
      head: ["GFLOP/s", ...columns.map((name) => heading(name, 1, versions))],
      body: unique(rows.map((row) => row.case)).map((name) => [
        name,
        ...columns.map((impl) => {
          const row = rowsWith(threads, rows).find((row) => row.case === name && row.impl === impl);
          if (!row) return "–";
          const peak = peakOf(row, roofline);
          return `${row.gflops!.toFixed(1)} · ${peak === null ? "–" : formatPercent(row.gflops! / peak)}`;
        }),
      ]),
    };
  });
}

/** Every table of a report. */
export function reportTables(report: Outcome["report"]): Table[] {
  return benches.flatMap((bench) => {
    if (!report.rows.some((row) => row.bench === bench)) return [];
    const tables = benchTables(bench, report.rows, report.versions);
    return bench === "matmul" ? [...tables, ...rooflineTables(report)] : tables;
  });
}

/** A table for the terminal: names left, figures right. */
export function plainTable({ title, head, body }: Table): string {
  const widths = head.map((text, i) => Math.max(text.length, ...body.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join("  ");
  return [title, line(head), widths.map((width) => "─".repeat(width)).join("──"), ...body.map(line)].join(
    "\n",
  );
}

/** A table for a README. */
export function markdownTable({ title, head, body }: Table): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [
    `**${title}**`,
    "",
    line(head),
    line(head.map((_, i) => (i === 0 ? "---" : "--:"))),
    ...body.map(line),
  ].join("\n");
}
