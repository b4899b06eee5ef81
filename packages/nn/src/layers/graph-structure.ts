/** One node of a Graph, as data. */
export interface GraphNode {
  readonly name: string;
  /** What it computes, in words; an input's name for an input. */
  readonly label: string;
  /** The names of what it takes; none for an input. */
  readonly inputs: readonly string[];
}

/** Nodes and the arrows between them in the language of Graphviz. */
export function toDot(nodes: readonly GraphNode[], outputs: readonly string[]): string {
  const lines = nodes.map(({ name, label, inputs }) => {
    const isInput = inputs.length === 0 && label === name;
    const text = isInput ? name : `${name}\n${label}`;
    const look = `shape=${isInput ? "ellipse" : "box"}${outputs.includes(name) ? ", peripheries=2" : ""}`;
    return `  ${quoted(name)} [label=${quoted(text)}, ${look}];`;
  });
  const arrows = nodes.flatMap(({ name, inputs }) =>
    inputs.map((source) => `  ${quoted(source)} -> ${quoted(name)};`),
  );
  return ["digraph {", "  rankdir=LR;", ...lines, ...arrows, "}"].join("\n");
}

const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
