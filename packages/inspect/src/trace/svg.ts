import { graphToSvg } from "../drawing/graph-svg.ts";
import { colors } from "../drawing/theme.ts";
import { drawnTrace } from "./drawn-trace.ts";
import type { Trace, TraceSvgOptions } from "./types.ts";

/** See `Trace.toSvg`. */
export function traceToSvg(trace: Pick<Trace, "nodes" | "result">, options: TraceSvgOptions): string {
  const { title, direction = "right" } = options;
  return graphToSvg(drawnTrace(trace), {
    direction,
    ...(title === undefined ? {} : { title }),
    legend: [
      { text: "value", color: colors.value },
      { text: `gradient of ${trace.result.name}`, color: colors.gradient },
      { text: "on edges: local gradient", color: colors.muted },
    ],
  });
}
