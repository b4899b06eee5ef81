import { dtypes } from "@chainrule/core";
import type { ConformanceResult } from "./run.ts";

/**
 * Operations by dtype by backend, as text: the number of cases passed, `−n` for those skipped, `✗n` for those
 * failed, and below it each failure's and each skip's reason once.
 */
export function conformanceTable(results: readonly ConformanceResult[]): string {
  const backends = [...new Set(results.map((r) => r.backend))];
  const used = dtypes.filter((d) => results.some((r) => r.case.dtype === d));
  const ops = [...new Set(results.map((r) => r.case.op))];
  const columns = backends.flatMap((backend) => used.map((dtype) => ({ backend, dtype })));
  const rows = ops.map((op) => [
    op,
    ...columns.map(({ backend, dtype }) =>
      cell(results.filter((r) => r.backend === backend && r.case.op === op && r.case.dtype === dtype)),
    ),
  ]);
  const totals = ["total", ...columns.map((c) => cell(results.filter((r) => isIn(r, c))))];
  const header = ["op", ...columns.map(({ backend, dtype }) => `${backend} ${dtype}`)];
  return [...layOut([header, ...rows, totals]), ...remarks(results)].join("\n");
}

const isIn = (r: ConformanceResult, column: { backend: string; dtype: string }): boolean =>
  r.backend === column.backend && r.case.dtype === column.dtype;

function cell(results: readonly ConformanceResult[]): string {
  const count = (status: string): number => results.filter((r) => r.status === status).length;
  if (results.length === 0) return "";
  const marks = [String(count("passed"))];
  if (count("skipped") > 0) marks.push(`−${count("skipped")}`);
  if (count("failed") > 0) marks.push(`✗${count("failed")}`);
  return marks.join(" ");
}

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join("  "),
  );
  return [lines[0]!, "-".repeat(lines[0]!.length), ...lines.slice(1)];
}

function remarks(results: readonly ConformanceResult[]): string[] {
  const failed = results
    .filter((r) => r.status === "failed")
    .map((r) => `✗ ${r.backend} ${r.case.name}: ${r.reason}`);
  const skipped = new Map<string, number>();
  for (const r of results.filter((result) => result.status === "skipped")) {
    const line = `${r.backend}: ${r.reason}`;
    skipped.set(line, (skipped.get(line) ?? 0) + 1);
  }
  return [...failed, ...[...skipped].map(([line, count]) => `− ${line} (${count} cases)`)];
}
