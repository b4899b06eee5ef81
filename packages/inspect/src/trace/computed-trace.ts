import { OptionError } from "@chainrule/core";
import { graphToDot } from "../drawing/dot.ts";
import { drawnTrace } from "./drawn-trace.ts";
import { traceToSvg } from "./svg.ts";
import { traceToText } from "./table.ts";
import type { Trace, TraceNode, TraceSvgOptions } from "./types.ts";

/** A trace whose numbers are known. */
export class ComputedTrace implements Trace {
  readonly nodes: readonly TraceNode[];
  readonly result: TraceNode;

  constructor(nodes: readonly TraceNode[], result: number) {
    this.nodes = nodes;
    this.result = nodes[result]!;
  }

  node(name: string): TraceNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found) return found;
    throw new OptionError(
      `trace: no node is named "${name}"; there are ${this.nodes.map((node) => node.name).join(", ")}`,
    );
  }

  toSvg(options: TraceSvgOptions = {}): string {
    return traceToSvg(this, options);
  }

  toDot(): string {
    return graphToDot(drawnTrace(this));
  }

  toString(): string {
    return traceToText(this);
  }
}
