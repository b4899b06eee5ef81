import { FormatError, OptionError } from "@chainrule/core";
import { type CsvSyntax, eachCsvRow } from "./csv-rows.ts";

/** A column of a table: numbers (NaN where missing), or booleans or texts (null where missing). */
export type CsvColumn =
  | { readonly type: "number"; readonly values: Float64Array; readonly missing: number }
  | { readonly type: "boolean"; readonly values: readonly (boolean | null)[]; readonly missing: number }
  | { readonly type: "string"; readonly values: readonly (string | null)[]; readonly missing: number };

/** What a column holds. */
export type CsvType = CsvColumn["type"];

/** How a CSV file is read. */
export interface CsvOptions extends CsvSyntax {
  /** Whether the first row names the columns (the default), or the names, where no row does. */
  readonly header?: boolean | readonly string[];
  /** Types of columns by name; the others get the first of number, boolean and string that fits all values. */
  readonly types?: Readonly<Record<string, CsvType>>;
  /** Texts without quotes that stand for no value; default "", "NA", "N/A", "NaN", "null" and "?". */
  readonly missing?: readonly string[];
}

/** Columns of one length by name. */
export interface CsvTable {
  /** What errors call it. */
  readonly name: string;
  /** The number of rows. */
  readonly length: number;
  /** Names in the order of the file. */
  readonly names: readonly string[];
  readonly columns: Readonly<Record<string, CsvColumn>>;
  /** The line of the file that each row begins on, from 1. */
  readonly lines: Int32Array;
}

const defaultMissing = ["", "NA", "N/A", "NaN", "nan", "null", "?"] as const;

/**
 * Reads CSV text (RFC 4180: quoted fields, doubled quotes, line breaks in quotes; LF, CRLF or CR; a byte order mark is
 * passed over) into typed columns.
 *
 * @throws FormatError with the line for a row with another number of fields, a value that its type does not take, bad
 * quoting, or a header that names two columns alike; OptionError for a type of a column that is not there.
 */
export function parseCsv(text: string, options: CsvOptions = {}): CsvTable {
  const { name = "CSV", header = true, types = {}, missing = defaultMissing } = options;
  const gone = new Set(missing);
  let names = typeof header === "boolean" ? null : checkNames(header, name, 1);
  let width = names?.length ?? 0;
  let headerLine = 0;
  let cells: (string | null)[][] = [];
  const lines: number[] = [];
  eachCsvRow(text, options, (fields, quoted, line) => {
    if (names === null) {
      width = fields.length;
      names = checkNames(header === true ? fields : fields.map(() => ""), name, line);
      headerLine = line;
      if (header === true) return;
    }
    if (fields.length !== width) {
      throw new FormatError(
        `${name}, line ${line}: ${fields.length} fields, where ${headerLine > 0 ? `line ${headerLine}` : "the header"} has ${width}`,
      );
    }
    if (lines.length === 0) cells = fields.map(() => []);
    lines.push(line);
    fields.forEach((field, i) => cells[i]!.push(!quoted[i] && gone.has(field.trim()) ? null : field));
  });
  const found: readonly string[] = names ?? [];
  if (found.length === 0) throw new FormatError(`${name}: the file is empty`);
  for (const column of Object.keys(types)) {
    if (!found.includes(column)) {
      throw new OptionError(`${name}: types names "${column}", and the columns are ${found.join(", ")}`);
    }
  }
  const columns = found.map((column, i) => {
    const values = cells[i] ?? [];
    const wanted = Object.hasOwn(types, column) ? types[column] : undefined;
    return [
      column,
      columnOf(values, wanted ?? typeOf(values), (row) => `${name}, line ${lines[row]!}, column "${column}"`),
    ] as const;
  });
  return {
    name,
    length: lines.length,
    names: found,
    columns: Object.fromEntries(columns),
    lines: Int32Array.from(lines),
  };
}

/** Names as given; a column without one is called by its place. */
function checkNames(given: readonly string[], name: string, line: number): string[] {
  const names = given.map((text, i) => text.trim() || `column${i + 1}`);
  const twice = names.find((text, i) => names.indexOf(text) !== i);
  if (twice !== undefined) throw new FormatError(`${name}, line ${line}: two columns are named "${twice}"`);
  return names;
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const infinity = /^[+-]?inf(inity)?$/i;

function readNumber(text: string): number {
  const plain = text.trim();
  if (number.test(plain)) return Number(plain);
  return infinity.test(plain) ? (plain.startsWith("-") ? -Infinity : Infinity) : NaN;
}

function readBoolean(text: string): boolean | null {
  const plain = text.trim().toLowerCase();
  return plain === "true" ? true : plain === "false" ? false : null;
}

function typeOf(values: readonly (string | null)[]): CsvType {
  const all = (fits: (text: string) => boolean): boolean =>
    values.every((value) => value === null || fits(value));
  if (all((text) => !Number.isNaN(readNumber(text)))) return "number";
  return all((text) => readBoolean(text) !== null) ? "boolean" : "string";
}

function columnOf(
  values: readonly (string | null)[],
  type: CsvType,
  where: (row: number) => string,
): CsvColumn {
  const missing = values.reduce((count, value) => count + (value === null ? 1 : 0), 0);
  const refuse = (row: number, what: string): never => {
    throw new FormatError(`${where(row)}: ${JSON.stringify(values[row])} is no ${what}`);
  };
  if (type === "string") return { type, values, missing };
  if (type === "number") {
    const numbers = Float64Array.from(values, (value, row) => {
      const read = value === null ? NaN : readNumber(value);
      return value !== null && Number.isNaN(read) ? refuse(row, "number") : read;
    });
    return { type, values: numbers, missing };
  }
  const booleans = values.map((value, row) =>
    value === null ? null : (readBoolean(value) ?? refuse(row, "boolean")),
  );
  return { type, values: booleans, missing };
}
