import { OptionError, type Tensor } from "@chainrule/core";
import { Module, type AnyModule } from "../module.ts";
import { toDot, type GraphNode } from "./graph-structure.ts";
import { inOrder } from "./graph-order.ts";

/** What a node of a Graph computes, a module or a plain function of tensors, and the names of what it takes. */
export type GraphEntry = readonly [
  compute: Module<Tensor[]> | ((...inputs: Tensor[]) => Tensor),
  ...inputs: readonly string[],
];

/** Options of Graph. */
export interface GraphOptions<Output extends string | readonly string[] = string> {
  /** Names of the inputs, in the order that `forward` takes them; ["input"] unless given. */
  readonly inputs?: readonly string[];
  /** The node whose value `forward` gives, or a list of several; the only node that no other takes unless given. */
  readonly output?: Output;
}

/**
 * Any directed acyclic graph of modules: named nodes, listed in any order, each with the names of what it takes.
 *
 * ```ts
 * new Graph({
 *   hidden: [new Linear(2, 8), "input"],
 *   active: [(x) => x.tanh(), "hidden"],
 *   wide: [(a, b) => concat([a, b], -1), "active", "input"],
 *   score: [new Linear(10, 1), "wide"],
 * });
 * ```
 *
 * Parameters are named after their node: "hidden.weight". A module at several nodes shares its parameters.
 *
 * @throws OptionError for a cycle (naming it), an unknown or repeated name, or an output that is not clear; from
 * `forward` for another number of inputs.
 */
export class Graph<Output extends string | readonly string[] = string> extends Module<
  Tensor[],
  Output extends string ? Tensor : Tensor[]
> {
  /** The nodes, each after all that it takes: what can be drawn. */
  readonly structure: readonly GraphNode[];
  readonly inputs: readonly string[];
  readonly outputs: Output;
  readonly #entries: Readonly<Record<string, GraphEntry>>;

  constructor(nodes: Readonly<Record<string, GraphEntry>>, options: GraphOptions<Output> = {}) {
    super();
    const { inputs = ["input"] } = options;
    this.#entries = nodes;
    this.inputs = inputs;
    const taken = Object.fromEntries(Object.entries(nodes).map(([name, [, ...from]]) => [name, from]));
    const order = inOrder(taken, inputs);
    this.outputs = options.output ?? (onlyEnd(taken) as Output);
    for (const output of [this.outputs].flat()) {
      if (!order.includes(output)) throw new OptionError(`Graph: the output "${output}" is not a node`);
    }
    this.structure = [
      ...inputs.map((name) => ({ name, label: name, inputs: [] })),
      ...order.map((name) => ({ name, label: labelOf(nodes[name]!), inputs: taken[name]! })),
    ];
  }

  override forward(...inputs: Tensor[]): Output extends string ? Tensor : Tensor[] {
    if (inputs.length !== this.inputs.length) {
      throw new OptionError(
        `Graph: takes ${this.inputs.length} inputs (${this.inputs.join(", ")}), and ${inputs.length} were given`,
      );
    }
    const values = new Map(this.inputs.map((name, i) => [name, inputs[i]!]));
    for (const { name, inputs: from } of this.structure.slice(inputs.length)) {
      const [compute] = this.#entries[name]!;
      const given = from.map((source) => values.get(source)!);
      values.set(name, compute instanceof Module ? compute.forward(...given) : compute(...given));
    }
    const { outputs } = this;
    const result =
      typeof outputs === "string" ? values.get(outputs) : outputs.map((name) => values.get(name)!);
    return result as Output extends string ? Tensor : Tensor[];
  }

  /** The graph in the language of Graphviz: inputs as ellipses, nodes as boxes, outputs with a double border. */
  toDot(): string {
    return toDot(this.structure, [this.outputs].flat());
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    const modules = Object.entries(this.#entries).filter(([, [compute]]) => compute instanceof Module);
    return modules.map(([name, [compute]]) => [name, compute as AnyModule] as const);
  }
}

/** What a node says of itself: its module with its options, or its function's name. */
function labelOf([compute]: GraphEntry): string {
  if (typeof compute === "function") return compute.name || "function";
  return compute.children().length > 0 ? compute.constructor.name : String(compute);
}

function onlyEnd(taken: Readonly<Record<string, readonly string[]>>): string {
  const used = new Set(Object.values(taken).flat());
  const ends = Object.keys(taken).filter((name) => !used.has(name));
  if (ends.length === 1) return ends[0]!;
  throw new OptionError(
    `Graph: name the output, as no node takes ${ends.length === 0 ? "any" : ends.map((name) => `"${name}"`).join(" or ")}`,
  );
}
