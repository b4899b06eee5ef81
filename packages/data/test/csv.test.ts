import { FormatError, OptionError } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eachCsvRow, parseCsv, tableDataset } from "../src/index.ts";

/** All rows of a text. */
function rows(text: string, delimiter = ","): string[][] {
  const found: string[][] = [];
  eachCsvRow(text, { delimiter }, (fields) => found.push([...fields]));
  return found;
}

describe("eachCsvRow", () => {
  it.each<[string, string, string[][]]>([
    [
      "plain rows",
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "no last line end",
      "a,b\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "CRLF and CR",
      "a,b\r\n1,2\r3,4",
      [
        ["a", "b"],
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    [
      "quotes with delimiters, line breaks and quotes",
      '"a,b","c\r\nd","e""f",""\n',
      [["a,b", "c\r\nd", 'e"f', ""]],
    ],
    [
      "empty fields, also the last",
      "a,,\n,,",
      [
        ["a", "", ""],
        ["", "", ""],
      ],
    ],
    ["a byte order mark and empty lines", "\ufeffa\n\n\r\nb\n", [["a"], ["b"]]],
    ["one quoted empty field, which is no empty line", '""\n', [[""]]],
    ["nothing", "", []],
  ])("reads %s", (_, text, expected) => expect(rows(text)).toEqual(expected));

  it("says on which line a row begins, and which fields were quoted", () => {
    const seen: unknown[] = [];
    eachCsvRow('a\n\n"x\ny",z\r\nlast', {}, (fields, quoted, line) =>
      seen.push([fields.length, quoted, line]),
    );
    expect(seen).toEqual([
      [1, [false], 1],
      [2, [true, false], 3],
      [1, [false], 5],
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["a quote that is not closed", 'a\n"b\nc', /line 2: the quote that opens here is never closed/],
    ["text after a closing quote", '"a"b\n', /line 1: "b" after a closing quote/],
    ["a quote inside a bare field", 'a\nb,c"d', /line 2: a quote inside a field/],
  ])("refuses %s", (_, text, message) => {
    expect(() => rows(text)).toThrow(message);
    expect(() => rows(text)).toThrow(FormatError);
  });

  it("refuses delimiters that cannot be one", () => {
    for (const delimiter of ["", ";;", '"', "\n"]) expect(() => rows("a", delimiter)).toThrow(OptionError);
  });

  it("reads back whatever is written by the rules", () => {
    const field = fc.string({ unit: fc.constantFrom("a", "1", '"', ",", ";", "\n", "\r", " ", "é") });
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(",", ";", "\t"),
        fc.constantFrom("\n", "\r\n", "\r"),
        (lines, delimiter, end) => {
          const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
          const text = lines.map((line) => line.map(quote).join(delimiter)).join(end);
          expect(rows(text, delimiter)).toEqual(lines);
        },
      ),
    );
  });

  it("ends with a FormatError or with rows on any text, and on any start of a good one", () => {
    const good = 'name,x\n"a ""b""",1\r\n"c\nd",2\n';
    for (let end = 0; end <= good.length; end++) {
      try {
        rows(good.slice(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r") }), (text) => {
        try {
          rows(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

describe("parseCsv", () => {
  const text = 'x,flag,name,gap\n1.5,true,ann,\n-2e3,FALSE,"",3\n inf ,true,NA,4\n';

  it("finds types, missing values and lines", () => {
    const table = parseCsv(text);
    expect(table).toMatchObject({ length: 3, names: ["x", "flag", "name", "gap"] });
    expect(table.columns).toEqual({
      x: { type: "number", values: Float64Array.of(1.5, -2000, Infinity), missing: 0 },
      flag: { type: "boolean", values: [true, false, true], missing: 0 },
      // A quoted empty text is a text; NA without quotes is none.
      name: { type: "string", values: ["ann", "", null], missing: 1 },
      gap: { type: "number", values: Float64Array.of(NaN, 3, 4), missing: 1 },
    });
    expect([...table.lines]).toEqual([2, 3, 4]);
  });

  it("takes types, names, delimiters and marks of missing values", () => {
    const table = parseCsv("1;-;a\n2;x;b", {
      header: ["id", "v", "w"],
      delimiter: ";",
      missing: ["-"],
      types: { id: "string" },
    });
    expect(table.columns["id"]).toEqual({ type: "string", values: ["1", "2"], missing: 0 });
    expect(table.columns["v"]).toEqual({ type: "string", values: [null, "x"], missing: 1 });
    expect(parseCsv("1,2\n3,4", { header: false }).names).toEqual(["column1", "column2"]);
    expect(parseCsv(",b\n1,2").names).toEqual(["column1", "b"]);
    expect(parseCsv("a,b\n")).toMatchObject({ length: 0, names: ["a", "b"] });
    expect(parseCsv("__proto__,b\n1,2").columns["__proto__"]).toMatchObject({ type: "number" });
  });

  it.each<[string, string, object, RegExp]>([
    [
      "a row with too few fields",
      'a,b\n"x\ny",1\n2\n',
      { name: "f.csv" },
      /^f\.csv, line 4: 1 fields, where line 1 has 2$/,
    ],
    [
      "a row with too many fields",
      "1,2\n3,4,5",
      { header: ["a", "b"] },
      /line 2: 3 fields, where the header has 2/,
    ],
    ["no number", "a\n1\nx", { types: { a: "number" } }, /line 3, column "a": "x" is no number/],
    ["no boolean", "a\nyes", { types: { a: "boolean" } }, /line 2, column "a": "yes" is no boolean/],
    ["two columns of one name", "a,a\n1,2", {}, /line 1: two columns are named "a"/],
    ["an empty file", "\n", {}, /empty/],
  ])("refuses %s", (_, source, options, message) => {
    expect(() => parseCsv(source, options)).toThrow(FormatError);
    expect(() => parseCsv(source, options)).toThrow(message);
  });

  it("refuses types of columns that are not there", () => {
    expect(() => parseCsv("a\n1", { types: { b: "number" } })).toThrow(/"b".*columns are a/);
  });

  it("does not take hexadecimal, dates or parts of numbers for numbers", () => {
    for (const value of ["0x10", "1_000", "2020-01-01", "1e", ".", "1 2"]) {
      expect(parseCsv(`a\n${value}`).columns["a"]!.type).toBe("string");
    }
    expect(parseCsv("a\n+.5\n1.\n1E-3").columns["a"]).toMatchObject({
      values: Float64Array.of(0.5, 1, 0.001),
    });
  });
});

describe("tableDataset", () => {
  const table = parseCsv("x1,ok,kind,y\n1,true,b,0.5\n2,false,a,1.5\n3,true,b,\n", { name: "t.csv" });

  it("makes features and numbered classes", () => {
    const { dataset, features, classes } = tableDataset(table, { x: ["x1", "ok"], y: "kind" });
    expect(features).toEqual(["x1", "ok"]);
    expect(classes).toEqual(["a", "b"]);
    expect(dataset.columns).toEqual({
      x: { data: Float32Array.of(1, 1, 2, 0, 3, 1), shape: [3, 2] },
      y: { data: Int32Array.of(1, 0, 1), shape: [3] },
    });
  });

  it("makes one target or several, and leaves incomplete rows out where asked", () => {
    const one = tableDataset(table, { x: ["x1"], y: "y", missing: "drop" });
    expect(one.classes).toBeNull();
    expect(one.dataset.columns.y).toEqual({ data: Float32Array.of(0.5, 1.5), shape: [2] });
    const two = tableDataset(table, { x: ["ok"], y: ["x1", "y"], missing: "drop" });
    expect(two.dataset.columns.y).toEqual({ data: Float32Array.of(1, 0.5, 2, 1.5), shape: [2, 2] });
    const rest = tableDataset(parseCsv("a,b,y\n1,2,3"), { y: "y" });
    expect(rest.features).toEqual(["a", "b"]);
  });

  it.each<[string, Parameters<typeof tableDataset>[1], RegExp]>([
    [
      "a missing value, with its line",
      { x: ["x1"], y: "y" },
      /^t\.csv, line 4, column "y": the value is missing/,
    ],
    ["a feature of text", { x: ["kind"], y: "y" }, /"kind" holds text.*OneHotEncoder/],
    ["a column that is not there", { x: ["z"], y: "y" }, /no column "z".*x1, ok, kind, y/],
    [
      "several targets of which one is text",
      { x: ["x1"], y: ["y", "kind"], missing: "drop" },
      /"kind", holds text/,
    ],
    ["no features", { x: [], y: "y" }, /at least one column/],
  ])("refuses %s", (_, options, message) => expect(() => tableDataset(table, options)).toThrow(message));

  it("refuses a table without a complete row", () => {
    expect(() => tableDataset(parseCsv("a,y\n,1"), { y: "y", missing: "drop" })).toThrow(
      /no row is complete/,
    );
  });
});
