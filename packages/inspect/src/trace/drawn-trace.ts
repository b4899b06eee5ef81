import type { DrawnGraph, DrawnLine } from "../drawing/graph.ts";
import { colors } from "../drawing/theme.ts";
import { formatArray } from "../text.ts";
import type { LocalGradient, Trace, TraceNode } from "./types.ts";

/** The most elements that a box writes out. */
const most = 4;

/** What is drawn of a trace: a box a node with value and gradient, an edge a use with its local gradient. */
export function drawnTrace({ nodes, result }: Pick<Trace, "nodes" | "result">): DrawnGraph {
  return {
    boxes: nodes.map((node) => ({
      id: String(node.id),
      fill: node === result ? colors.resultFill : fills[node.kind],
      lines: linesOf(node, result),
    })),
    edges: nodes.flatMap((node) =>
      node.inputs.map((input, i) => ({
        from: String(input),
        to: String(node.id),
        text: edgeText(node, nodes[input]!, node.local[i]!),
      })),
    ),
  };
}

const fills: Readonly<Record<TraceNode["kind"], string>> = {
  input: colors.inputFill,
  parameter: colors.parameterFill,
  constant: colors.constantFill,
  operation: colors.plainFill,
};

function linesOf(node: TraceNode, result: TraceNode): DrawnLine[] {
  const { name, expression, shape, value, gradient } = node;
  const title = expression === "" ? name : `${name} = ${expression}`;
  const lines: DrawnLine[] = [
    { text: title, weight: "bold" },
    { text: formatArray(value, shape, most), color: colors.value },
  ];
  if (gradient !== null) {
    lines.push({
      text: `∂${result.name}/∂${name} = ${formatArray(gradient, shape, most)}`,
      color: colors.gradient,
    });
  }
  return lines;
}

/** The local gradient where it is short enough for an edge. */
function edgeText(node: TraceNode, input: TraceNode, { jacobian }: LocalGradient): string {
  if (jacobian === null) return "";
  const rows = node.shape.length === 0 ? [] : [jacobian.length / input.value.length];
  const columns = input.shape.length === 0 ? [] : [input.value.length];
  return formatArray(jacobian, [...rows, ...columns], most);
}
