import { existsSync } from "node:fs";
import { join } from "node:path";
import { type SizeBudget, maxFileLines, sizeBudgets } from "./budgets.ts";
import { bundle } from "./bundle.ts";
import { fileLines } from "./lines.ts";

export interface Row {
  readonly budget: string;
  readonly figure: string;
  readonly ceiling: string;
  readonly verdict: "ok" | "OVER" | "skipped";
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

async function sizeRow(root: string, budget: SizeBudget): Promise<Row> {
  const ceiling = `${kilobytes(budget.maxBytes)} min+gzip`;
  if (budget.needs !== undefined && !existsSync(join(root, "packages", budget.needs))) {
    return { budget: budget.name, figure: `no packages/${budget.needs} yet`, ceiling, verdict: "skipped" };
  }
  const entries = join(root, "tools/budget/entries");
  const whole = await bundle(join(entries, budget.entry));
  const base = budget.beyond === undefined ? undefined : await bundle(join(entries, budget.beyond));
  const bytes = whole.gzipped - (base?.gzipped ?? 0);
  const figure = `${kilobytes(bytes)} min+gzip, ${kilobytes(whole.minified - (base?.minified ?? 0))} min`;
  return { budget: budget.name, figure, ceiling, verdict: bytes <= budget.maxBytes ? "ok" : "OVER" };
}

async function coreRow(root: string): Promise<Row> {
  const outside = (specifier: string): boolean => !specifier.startsWith(".") && !specifier.startsWith("/");
  const { imports } = await bundle(join(root, "packages/core/src/index.ts"), outside);
  const figure = imports.length === 0 ? "nothing" : imports.join(", ");
  return {
    budget: "core imports",
    figure,
    ceiling: "nothing",
    verdict: imports.length === 0 ? "ok" : "OVER",
  };
}

function lineRows(root: string): Row[] {
  const files = fileLines(root);
  const over = files.filter(({ lines }) => lines > maxFileLines);
  return (over.length > 0 ? over : files.slice(0, 1)).map(({ file, lines }) => ({
    budget: "longest file",
    figure: `${lines} lines, ${file}`,
    ceiling: `${maxFileLines} lines`,
    verdict: lines <= maxFileLines ? "ok" : "OVER",
  }));
}

/** One row a budget, measured in the repository at `root`. */
export async function measure(root: string): Promise<Row[]> {
  const sizes: Row[] = [];
  for (const budget of sizeBudgets) sizes.push(await sizeRow(root, budget));
  return [...sizes, await coreRow(root), ...lineRows(root)];
}
