import { FormatError, OptionError } from "@chainrule/core";
import { ArrayDataset, type Column } from "./array-dataset.ts";
import type { CsvColumn, CsvTable } from "./csv.ts";

/** Which columns become what. */
export interface TableDatasetOptions {
  /** Columns of features; default: all but `y`. */
  readonly x?: readonly string[];
  /** The column of targets, or several. */
  readonly y: string | readonly string[];
  /** What becomes of rows where a value is missing: an error (the default), or they are left out. */
  readonly missing?: "error" | "drop";
}

/** Examples of a table. */
export interface TableDataset {
  /** `x` float32 [n, features]; `y` float32 [n] or [n, targets], or the class as int32 [n] for text and booleans. */
  readonly dataset: ArrayDataset;
  /** Names of the features, by column of `x`. */
  readonly features: readonly string[];
  /** The classes in the order of their numbers; null where the target is a number. */
  readonly classes: readonly string[] | null;
}

const isMissing = (column: CsvColumn, row: number): boolean =>
  column.type === "number" ? Number.isNaN(column.values[row]!) : column.values[row] === null;

/**
 * A dataset of features and targets from a table that `parseCsv` read.
 *
 * @throws OptionError for a column that is not there or a feature of text; FormatError with the line of a value that is
 * missing, where those are errors, or where no row is left.
 */
export function tableDataset(table: CsvTable, options: TableDatasetOptions): TableDataset {
  const targets = typeof options.y === "string" ? [options.y] : options.y;
  const features = options.x ?? table.names.filter((name) => !targets.includes(name));
  const columnOf = (name: string): CsvColumn => {
    const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column) return column;
    throw new OptionError(`${table.name}: there is no column "${name}"; there are ${table.names.join(", ")}`);
  };
  if (features.length === 0 || targets.length === 0) {
    throw new OptionError(`${table.name}: give at least one column for x and one for y`);
  }
  const text = features.find((name) => columnOf(name).type === "string");
  if (text !== undefined) {
    throw new OptionError(
      `${table.name}: column "${text}" holds text, which is no feature; leave it out, or encode it with OneHotEncoder`,
    );
  }
  const rows = rowsOf(table, [...features, ...targets], columnOf, options.missing ?? "error");
  const numbers = (names: readonly string[]): Float32Array => {
    const columns = names.map(columnOf);
    return Float32Array.from({ length: rows.length * names.length }, (_, i) =>
      Number(columns[i % names.length]!.values[rows[Math.floor(i / names.length)]!]),
    );
  };
  const x = { data: numbers(features), shape: [rows.length, features.length] };
  const [only] = targets;
  const { type, values } = columnOf(only!);
  if (targets.length > 1 || type === "number") {
    const wrong = targets.find((name) => columnOf(name).type === "string");
    if (wrong !== undefined)
      throw new OptionError(`${table.name}: one of several targets, "${wrong}", holds text`);
    const shape = typeof options.y === "string" ? [rows.length] : [rows.length, targets.length];
    return {
      dataset: new ArrayDataset({ x, y: { data: numbers(targets), shape } }),
      features,
      classes: null,
    };
  }
  const labels = rows.map((row) => String(values[row]));
  const classes = [...new Set(labels)].sort();
  const y: Column = {
    data: Int32Array.from(labels, (label) => classes.indexOf(label)),
    shape: [rows.length],
  };
  return { dataset: new ArrayDataset({ x, y }), features, classes };
}

function rowsOf(
  table: CsvTable,
  names: readonly string[],
  columnOf: (name: string) => CsvColumn,
  missing: "error" | "drop",
): number[] {
  const columns = names.map((name) => [name, columnOf(name)] as const);
  const rows: number[] = [];
  for (let row = 0; row < table.length; row++) {
    const gap = columns.find(([, column]) => isMissing(column, row));
    if (!gap) rows.push(row);
    else if (missing === "error") {
      throw new FormatError(
        `${table.name}, line ${table.lines[row]}, column "${gap[0]}": the value is missing; ` +
          `leave such rows out with missing: "drop"`,
      );
    }
  }
  if (rows.length === 0) throw new FormatError(`${table.name}: no row is complete`);
  return rows;
}
