import { describe, expect, test } from "vitest";
import { formatFigure, formatMilliseconds, formatRatio } from "../src/report/format.ts";
import { htmlReport } from "../src/report/html.ts";
import { benchTables, markdownTable, plainTable, reportTables } from "../src/report/tables.ts";
import type { Outcome, Row } from "../src/row.ts";

const row = (impl: Row["impl"], threads: number, medianMs: number | null, rest: Partial<Row> = {}): Row => ({
  bench: "matmul",
  case: "512 NN",
  impl,
  threads,
  medianMs,
  minMs: medianMs,
  gflops: medianMs === null ? null : (2 * 512 ** 3) / medianMs / 1e6,
  valid: medianMs !== null,
  repetitions: medianMs === null ? 0 : 25,
  ...rest,
});

const rows = [
  row("chainrule-wasm", 1, 5),
  row("chainrule-wasm", 2, 2.5),
  row("tfjs-cpu", 1, null),
  row("tfjs-wasm", 1, 10),
  row("torch", 1, 4),
  row("torch", 2, 2),
];

const outcome: Outcome = {
  report: {
    machine: {
      cpu: "A chip",
      cores: 2,
      memoryGiB: 8,
      platform: "linux x64",
      node: "v24.0.0",
      otherLoad: 3,
      roofline: { wasmGflops: 60, wasmInstructions: "relaxed-simd", scalarGflops: 10 },
    },
    versions: { torch: "2.0 (AVX2)" },
    rows: [...rows, row("tfjs-wasm", 1, 300, { bench: "size", case: "page, kB", gflops: null })],
  },
  skipped: [{ impl: "jax-js-wasm", reason: "npm install failed <offline>" }],
  remarks: ["matmul 512 NN: tfjs-cpu is WRONG"],
};

describe("tables", () => {
  test("one for each number of threads, with the ratio to the fastest; a wrong result competes with nobody", () => {
    const [one, two] = benchTables("matmul", rows);
    expect(one!.title).toBe("matmul, 1 thread");
    expect(one!.head).toEqual(["", "chainrule-wasm", "tfjs-cpu", "tfjs-wasm", "torch"]);
    expect(one!.body).toEqual([["512 NN", "5.00 ms · 1.25×", "wrong", "10.0 ms · 2.50×", "4.00 ms · best"]]);
    expect(two!.head).toEqual(["", "chainrule-wasm", "tfjs-cpu (1)", "tfjs-wasm (1)", "torch"]);
    expect(two!.body[0]!.slice(-2)).toEqual(["10.0 ms · 5.00×", "2.00 ms · best"]);
  });

  test("who cannot do the work has a cell that says so; few measurements have their count", () => {
    const slow = row("tfjs-cpu", 1, 4000, { repetitions: 1 });
    const unable = row("tfjs-wasm", 1, null, { reason: "no such kernel" });
    const [table] = benchTables("matmul", [slow, unable, row("torch", 1, 4, { repetitions: 13 })]);
    expect(table!.body).toEqual([["512 NN", "4.00 s · 1000× (n=1)", "cannot", "4.00 ms · best"]]);
  });

  test("a GPU in software is marked in tables and legend, and is no share of a processor's peak", () => {
    const versions = { "chainrule-gpu": "1.0 (webgl2 (software) on SwiftShader)" };
    const software = [...rows, row("chainrule-gpu", 1, 500)];
    const [one, two] = benchTables("matmul", software, versions);
    expect(one!.head[2]).toBe("chainrule-gpu (software)");
    expect(two!.head[2]).toBe("chainrule-gpu (1, software)");
    expect(benchTables("matmul", software, { "chainrule-gpu": "1.0 (webgl2 on H200)" })[0]!.head[2]).toBe(
      "chainrule-gpu",
    );
    const report = { ...outcome.report, rows: software, versions };
    const shares = reportTables(report).filter(({ title }) => title.includes("share"));
    expect(shares[0]!.body[0]![2]).toBe("0.5 · –");
    expect(htmlReport({ ...outcome, report })).toContain("chainrule-gpu (software)</li>");
  });

  test("products as shares of the roofline, times the threads", () => {
    const shares = reportTables(outcome.report).filter(({ title }) => title.includes("share"));
    expect(shares.map(({ body }) => body[0]![1])).toEqual(["53.7 · 89 %", "107.4 · 89 %"]);
  });

  test("a bench that nobody took part in has none", () => {
    expect(benchTables("startup", rows)).toEqual([]);
  });

  test("plain and as Markdown", () => {
    const table = { title: "t", head: ["", "a"], body: [["case", "1 ms"]] };
    expect(plainTable(table)).toBe("t\n         a\n──────────\ncase  1 ms");
    expect(markdownTable(table)).toBe("**t**\n\n|  | a |\n| --- | --: |\n| case | 1 ms |");
  });

  test("figures have units that suit them", () => {
    expect(formatMilliseconds(0.01234)).toBe("12.3 µs");
    expect(formatMilliseconds(123.4)).toBe("123 ms");
    expect(formatMilliseconds(2500)).toBe("2.50 s");
    expect(formatRatio(3, 2)).toBe("1.50×");
    expect(formatFigure(row("torch", 1, 12.34, { bench: "memory" }))).toBe("12.3 MiB");
  });
});

describe("the page", () => {
  const page = htmlReport(outcome);

  test("needs nothing from elsewhere, and escapes what it is told", () => {
    expect(page).not.toMatch(/\b(src|href)=|@import|url\(/);
    expect(page).toContain("npm install failed &#60;offline&#62;");
  });

  test("has a bar for each figure of a bench with one case, dots and rings where there are several", () => {
    expect(page.match(/<rect /g)).toHaveLength(6);
    const more = [
      ...rows,
      row("torch", 1, 40, { case: "1024 NN" }),
      row("torch", 2, 20, { case: "1024 NN" }),
    ];
    const dots = htmlReport({ ...outcome, report: { ...outcome.report, rows: more } });
    expect(dots.match(/<circle /g)).toHaveLength(7);
    expect(dots.match(/<circle [^>]*fill="none"/g)).toHaveLength(3);
  });

  test("figures that are no times have bars for each case", () => {
    const memory = ["RSS, MiB", "tensors, MiB"].flatMap((name) => [
      row("torch", 1, 12, { bench: "memory", case: name }),
      row("chainrule-wasm", 1, 6, { bench: "memory", case: name }),
    ]);
    const html = htmlReport({ ...outcome, report: { ...outcome.report, rows: memory } });
    expect(html.match(/<rect /g)).toHaveLength(4);
    expect(html).not.toContain("12.0 ms");
    expect(html).toContain("12.0 MiB");
  });

  test("says what did not run, and what is in doubt", () => {
    expect(page).toContain("jax-js-wasm skipped");
    expect(page).toContain("busy with other work");
    expect(page).toContain("tfjs-cpu is WRONG");
  });
});
