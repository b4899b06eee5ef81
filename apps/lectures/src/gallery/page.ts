import { ideaOf, sourceOf } from "../lectures.ts";
import { type Check, formatNumber, type Note } from "../result.ts";
import { noteText } from "./report.ts";
import type { Run } from "./run.ts";

/** All runs as one HTML file that needs no other: figures, numbers beside their targets, and the scripts. */
export function galleryPage(runs: readonly Run[]): string {
  const kept = runs.filter(({ result }) => result?.ok).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chainrule: the lectures</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>The lectures, running</h1>
<p>${kept} of ${runs.length} scripts reach their numbers.</p>
<nav>${runs.map(link).join("")}</nav>
</header>
<main>
${runs.map(section).join("\n")}
</main>
</body>
</html>
`;
}

const link = ({ lecture: { id, name }, result }: Run): string =>
  `<a href="#lecture-${id}"><b>${id}</b> ${escapeHtml(name)} ${verdict(result?.ok ?? false)}</a>`;

function section({ lecture, result, error, seconds }: Run): string {
  const { id, name, target } = lecture;
  const body = result
    ? `${table(result.checks)}${notes(result.notes)}<div class="figures">${result.figures.map(figure).join("")}</div>`
    : `<pre class="no">${escapeHtml(error instanceof Error ? (error.stack ?? error.message) : String(error))}</pre>`;
  return `<section id="lecture-${id}">
<h2>${id} · ${escapeHtml(name)} ${verdict(result?.ok ?? false)}</h2>
<p>${escapeHtml(ideaOf(lecture))}</p>
<p class="target">To show: ${escapeHtml(target)}. Took ${seconds.toFixed(1)} s.</p>
${body}
<details><summary>${escapeHtml(lecture.file)}</summary><pre>${escapeHtml(sourceOf(lecture))}</pre></details>
</section>`;
}

const table = (checks: readonly Check[]): string =>
  `<table><thead><tr><th>number</th><th>value</th><th>target</th><th></th></tr></thead><tbody>${checks.map(row).join("")}</tbody></table>`;

const row = ({ name, value, wanted, ok }: Check): string =>
  `<tr><td>${escapeHtml(name)}</td><td>${formatNumber(value)}</td><td>${escapeHtml(wanted)}</td><td>${verdict(ok)}</td></tr>`;

function notes(all: readonly Note[]): string {
  if (all.length === 0) return "";
  const items = all.map((note) => {
    const text = noteText(note);
    const value = text.includes("\n") ? `<pre>${escapeHtml(text.trim())}</pre>` : escapeHtml(text);
    return `<li>${escapeHtml(note.name)}: ${value}</li>`;
  });
  return `<ul>${items.join("")}</ul>`;
}

/** Wide drawings have a row of their own; two ordinary charts share one. */
function figure(svg: string): string {
  const width = Number(/ width="([\d.]+)"/.exec(svg)?.[1]);
  return `<figure${width > 700 ? "" : ` class="half"`}>${svg}</figure>`;
}

const verdict = (ok: boolean): string =>
  ok ? `<span class="yes" title="reached">✓</span>` : `<span class="no" title="missed">✗</span>`;

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const style = `
body { margin: 0 auto; padding: 24px; max-width: 1400px; color: #222; background: #fff;
  font: 15px/1.5 Inter, "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 28px; margin: 0; }
h2 { font-size: 21px; margin: 0 0 4px; }
p { margin: 4px 0; max-width: 75ch; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 12px 0 0; }
a { color: #005b8f; text-decoration: none; }
section { border-top: 1px solid #ddd; margin-top: 32px; padding-top: 20px; }
.target { color: #666; }
.yes { color: #00734f; }
.no { color: #b00020; }
table { border-collapse: collapse; margin: 12px 0; }
th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid #eee; }
th { font-weight: 600; color: #666; }
td:nth-child(2), td:nth-child(3) { white-space: nowrap; font-variant-numeric: tabular-nums; }
.figures { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; }
figure { margin: 0; max-width: 100%; }
@media (min-width: 1000px) { .half { max-width: calc(50% - 4px); } }
pre { font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; overflow-x: auto; background: #f7f7f7; padding: 10px; }
details { margin-top: 8px; }
summary { cursor: pointer; color: #005b8f; }
`;
