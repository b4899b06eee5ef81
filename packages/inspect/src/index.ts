export { label, labelParameters } from "./trace/label.ts";
export type { NodeKind } from "./trace/graph.ts";
export {
  trace,
  type Traceable,
  type TracedInputs,
  type TraceInput,
  type TraceOptions,
  traceWith,
} from "./trace/trace.ts";
export type { LocalGradient, Trace, TraceNode, TraceSvgOptions } from "./trace/types.ts";
export type { Direction } from "./drawing/layout.ts";
