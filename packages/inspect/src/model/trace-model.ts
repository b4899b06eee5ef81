import { formatShape, type Shape, Tensor, zeros } from "@chainrule/core";
import { type AnyModule, type ForwardCall, observeForward } from "@chainrule/nn";
import { graphToDot } from "../drawing/dot.ts";
import { graphToSvg } from "../drawing/graph-svg.ts";
import type { DrawnGraph } from "../drawing/graph.ts";
import { colors } from "../drawing/theme.ts";
import type { Node } from "../trace/label.ts";
import { standIn } from "../trace/recorder.ts";
import type { TraceSvgOptions } from "../trace/types.ts";

/** A module where it is used, or an input. */
export interface ModelNode {
  /** Its place in the order of computation, from 0. */
  readonly id: number;
  /** The module's name below the model, or the input's. */
  readonly name: string;
  /** The module with its options; "input" for inputs. */
  readonly layer: string;
  /** The `id` of each node whose output it takes. */
  readonly inputs: readonly number[];
  readonly shape: Shape;
  /** Elements of its parameters. */
  readonly parameters: number;
}

/** How the modules of a model hang together. */
export interface ModelGraph {
  readonly nodes: readonly ModelNode[];
  toSvg(options?: TraceSvgOptions): string;
  /** The graph in the language of Graphviz. */
  toDot(): string;
}

/**
 * The modules of a model with what each takes from which: any directed acyclic graph, skip connections and shared
 * modules included. Plain functions between modules show when they are wrapped in a `Lambda`.
 *
 * @param inputs shapes (batch axis included) or example tensors, one for each input of `forward`. Nothing is
 * computed, and no state changes.
 */
export function traceModel(model: AnyModule, ...inputs: readonly (Shape | Tensor)[]): ModelGraph {
  const nodes: ModelNode[] = [];
  const makers = new Map<Node, number>();
  // Constants would be folded away where only their shape changes.
  const given = inputs.map((input) => standIn(input instanceof Tensor ? input : zeros(input)));
  given.forEach(({ node, shape }, i) => {
    const name = given.length > 1 ? `input ${i + 1}` : "input";
    makers.set(node, nodes.push({ id: i, name, layer: "input", inputs: [], shape, parameters: 0 }) - 1);
  });
  for (const call of callsOf(model, given)) {
    const [output] = tensorsIn(call.output);
    if (output === undefined) continue;
    const container = call.module.children().length > 0;
    // A container that hands on what a child made adds nothing to the picture.
    if (container && makers.has(output.node)) continue;
    const from = container ? [output.node] : tensorsIn(call.inputs).map(({ node }) => node);
    const id = nodes.length;
    nodes.push({
      id,
      name: call.name || "(model)",
      layer: container ? call.module.constructor.name : String(call.module),
      inputs: sourcesOf(from, makers),
      shape: output.shape,
      parameters: container ? 0 : call.module.parameters().reduce((sum, { size }) => sum + size, 0),
    });
    for (const { node } of tensorsIn(call.output)) makers.set(node, id);
  }
  const drawn = drawnModel(nodes);
  return {
    nodes,
    toSvg: ({ title, direction = "down" } = {}) => graphToSvg(drawn, { title, direction }),
    toDot: () => graphToDot(drawn),
  };
}

/** The calls of one lazy forward pass in evaluation mode. */
function callsOf(model: AnyModule, inputs: readonly Tensor[]): ForwardCall[] {
  const calls: ForwardCall[] = [];
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  const restore = observeForward(model, (call) => calls.push(call));
  try {
    model.eval();
    model.forward(...(inputs as never));
  } finally {
    restore();
    for (const [module, training] of modes) module.training = training;
  }
  return calls;
}

const tensorsIn = (value: unknown): Tensor[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is Tensor => item instanceof Tensor);

/** The makers of the nearest made nodes that lead to `roots`, in order. */
function sourcesOf(roots: readonly Node[], makers: ReadonlyMap<Node, number>): number[] {
  const found = new Set<number>();
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const maker = makers.get(node);
    if (maker === undefined) open.push(...node.inputs);
    else found.add(maker);
  }
  return [...found].sort((a, b) => a - b);
}

function drawnModel(nodes: readonly ModelNode[]): DrawnGraph {
  return {
    boxes: nodes.map(({ id, name, layer, shape, parameters }) => ({
      id: String(id),
      fill: layer === "input" ? colors.inputFill : parameters > 0 ? colors.parameterFill : colors.plainFill,
      lines: [
        { text: name, weight: "bold" },
        ...(layer === "input" ? [] : [{ text: layer.split("\n")[0]! }]),
        {
          text:
            formatShape(shape) + (parameters > 0 ? ` · ${parameters.toLocaleString("en")} parameters` : ""),
          color: colors.muted,
        },
      ],
    })),
    edges: nodes.flatMap(({ id, inputs }) =>
      inputs.map((from) => ({ from: String(from), to: String(id), text: "" })),
    ),
  };
}
