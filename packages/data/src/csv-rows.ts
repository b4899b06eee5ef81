import { FormatError, OptionError } from "@chainrule/core";

/** How a file's text is cut into fields. */
export interface CsvSyntax {
  /** What errors call the file; default "CSV". */
  readonly name?: string;
  /** One character between fields; default ",". */
  readonly delimiter?: string;
}

/** Receives a row: its fields, whether each was in quotes, and the line that it begins on, from 1. */
export type CsvVisitor = (fields: readonly string[], quoted: readonly boolean[], line: number) => void;

const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Calls `visit` for each row of a text in the form of RFC 4180, lines ending in LF, CRLF or CR. A byte order mark and
 * empty lines are passed over. The arrays are new for each row.
 *
 * @throws FormatError for a quote that is not closed, text after a closing quote, or a quote inside a bare field, with
 * the line; OptionError for a delimiter that is not one character, or is a quote or a line end.
 * @see RFC 4180
 */
export function eachCsvRow(text: string, syntax: CsvSyntax, visit: CsvVisitor): void {
  const { name = "CSV", delimiter = "," } = syntax;
  const comma = delimiter.charCodeAt(0);
  if (delimiter.length !== 1 || comma === quote || comma === lineFeed || comma === carriageReturn) {
    throw new OptionError(
      `${name}: a delimiter is one character other than a quote or a line end, not ${JSON.stringify(delimiter)}`,
    );
  }
  const end = text.length;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  while (at < end) {
    const startLine = line;
    const fields: string[] = [];
    const quoted: boolean[] = [];
    for (;;) {
      const inQuotes = text.charCodeAt(at) === quote;
      if (inQuotes) {
        const field = quotedField(text, at, line, name);
        fields.push(field.value);
        ({ at, line } = field);
      } else {
        const start = at;
        let code = text.charCodeAt(at);
        while (at < end && code !== comma && code !== lineFeed && code !== carriageReturn) {
          if (code === quote) {
            throw new FormatError(
              `${name}, line ${line}: a quote inside a field without quotes; write the field in quotes, and "" for the quote`,
            );
          }
          code = text.charCodeAt(++at);
        }
        fields.push(text.slice(start, at));
      }
      quoted.push(inQuotes);
      const next = text.charCodeAt(at);
      if (at < end && next === comma) {
        at++;
        continue;
      }
      if (at < end && next !== lineFeed && next !== carriageReturn) {
        throw new FormatError(
          `${name}, line ${line}: ${JSON.stringify(text[at])} after a closing quote; expected ${JSON.stringify(delimiter)} or the end of the line`,
        );
      }
      at += next === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? 2 : 1;
      line++;
      break;
    }
    const empty = fields.length === 1 && fields[0] === "" && !quoted[0];
    if (!empty) visit(fields, quoted, startLine);
  }
}

/** The field whose opening quote is at `at`, and where it ends. */
function quotedField(
  text: string,
  at: number,
  line: number,
  name: string,
): { readonly value: string; readonly at: number; readonly line: number } {
  let value = "";
  let from = at + 1;
  let lines = 0;
  for (;;) {
    const close = text.indexOf('"', from);
    if (close < 0) throw new FormatError(`${name}, line ${line}: the quote that opens here is never closed`);
    const part = text.slice(from, close);
    lines += part.match(/\r\n|\r|\n/g)?.length ?? 0;
    value += part;
    if (text.charCodeAt(close + 1) !== quote) return { value, at: close + 1, line: line + lines };
    value += '"';
    from = close + 2;
  }
}
