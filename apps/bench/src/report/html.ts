import { benches, type BenchName } from "../names.ts";
import type { Outcome } from "../row.ts";
import { chartOf, escapeHtml, legendOf } from "./chart.ts";
import { notesOf } from "./notes.ts";
import { benchTables, rooflineTables, type Table } from "./tables.ts";

const what: Readonly<Record<BenchName, string>> = {
  matmul: "Product of two n×n matrices, float32; T marks an operand that is stored transposed.",
  elementwise: "Operations on 1,024 and 1,048,576 float32 elements; softmax along rows.",
  "mlp-step": "One training step: forward, cross-entropy, backward, update.",
  "tiny-step": "One training step of a network with 33 parameters: pure overhead.",
  conv: "One convolution of 32 images without a bias: its output, and the gradients of its input and of its filters.",
  "cnn-step":
    "One training step of two convolutions 5×5 with ReLU and max-pooling and two dense layers, on 28×28 images.",
  "lstm-step":
    "One training step of an LSTM layer over 28 steps and a dense layer on its last output; back through all steps.",
  "attention-step":
    "One training step of a transformer's encoder layer over 32 steps and a dense layer on the mean over time.",
  "mnist-to-97": "From the start of the process to 97 % on MNIST's 10,000 test digits.",
  startup: "From the import of the framework to the loss of a first training step.",
  memory:
    "The most memory of a process that trains; and the most bytes that the tensors of a step of the CNN hold at once.",
  size: "What a page fetches to train a small network, minified and compressed.",
};

const style = `
:root { color-scheme: light dark; --text: #222; --soft: #767676; --line: #ddd; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --soft: #9a9a9a; --line: #3a3a3a; --paper: #181818; } }
body { max-width: 960px; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--paper); }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--text); }
.grid, .row { stroke: var(--line); } .row { stroke-dasharray: 2 3; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; list-style: none; position: sticky; top: 0; background: var(--paper); }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 50%; }
table { border-collapse: collapse; font-size: 12px; } caption { text-align: left; color: var(--soft); padding: .5rem 0; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } .wide { overflow-x: auto; } p, summary, footer { color: var(--soft); }
`;

function tableHtml({ title, head, body }: Table): string {
  const row = (cells: readonly string[], tag: "td" | "th"): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return (
    `<div class="wide"><table><caption>${escapeHtml(title)}</caption>` +
    `<thead>${row(head, "th")}</thead><tbody>${body.map((cells) => row(cells, "td")).join("")}</tbody></table></div>`
  );
}

function sectionOf(bench: BenchName, { report }: Outcome): string {
  const rows = report.rows.filter((row) => row.bench === bench);
  if (rows.length === 0) return "";
  const tables = [
    ...benchTables(bench, rows, report.versions),
    ...(bench === "matmul" ? rooflineTables(report) : []),
  ];
  return (
    `<section><h2>${bench}</h2><p>${escapeHtml(what[bench])}</p>${chartOf(bench, rows)}` +
    `<details><summary>figures</summary>${tables.map(tableHtml).join("")}</details></section>`
  );
}

/** The report as one page that needs nothing else: charts as inline SVG, figures as tables. */
export function htmlReport(outcome: Outcome): string {
  const notes = notesOf(outcome).map((line) => `<li>${escapeHtml(line)}</li>`);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chainrule benchmarks</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head><body>` +
    `<h1>Chainrule benchmarks</h1><p>Medians of repetitions taken in turns, results checked before they are timed. ` +
    `Compare within this page only: further left is faster.</p>${legendOf(outcome.report)}` +
    benches.map((bench) => sectionOf(bench, outcome)).join("") +
    `<footer><ul>${notes.join("")}</ul></footer></body></html>\n`
  );
}
