import type { DrawnGraph } from "./graph.ts";

/** A string of Graphviz' language. */
const quote = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** A graph in the language of Graphviz, drawn from left to right. */
export function graphToDot({ boxes, edges }: DrawnGraph): string {
  const lines = [
    "digraph {",
    "  rankdir=LR;",
    '  node [shape=box, style="rounded,filled", fontname="Helvetica"];',
    '  edge [fontname="Helvetica", fontsize=11];',
    ...boxes.map(({ id, lines: text, fill }) => {
      const label = quote(text.map((line) => line.text).join("\n"));
      return `  ${quote(id)} [label=${label}, fillcolor=${quote(fill)}];`;
    }),
    ...edges.map(
      ({ from, to, text }) =>
        `  ${quote(from)} -> ${quote(to)}${text === "" ? "" : ` [label=${quote(text)}]`};`,
    ),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
