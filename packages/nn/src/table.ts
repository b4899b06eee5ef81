/** Text in aligned columns under a ruled header, for summaries and confusion matrices. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  aligned: readonly ("left" | "right")[],
): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (aligned[i] === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
