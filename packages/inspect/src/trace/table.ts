import { table } from "../table.ts";
import { formatArray } from "../text.ts";
import type { Trace } from "./types.ts";

/** See `Trace.toString`. */
export function traceToText({ nodes, result }: Pick<Trace, "nodes" | "result">): string {
  const header = ["#", "node", "shape", "value", `∂${result.name}/∂node`, "local gradients"];
  const rows = nodes.map((node) => {
    const { id, name, expression, kind, shape, value, gradient, local } = node;
    const locals = local.map(({ input, jacobian }) => {
      const other = nodes[input]!;
      const text = jacobian === null ? "…" : formatArray(jacobian, [...shape, ...other.shape]);
      return `∂${name}/∂${other.name} = ${text}`;
    });
    return [
      String(id),
      expression === "" ? `${name} (${kind})` : `${name} = ${expression}`,
      `[${shape.join(", ")}]`,
      formatArray(value, shape),
      gradient === null ? "–" : formatArray(gradient, shape),
      locals.join(", "),
    ];
  });
  return table(header, rows);
}
