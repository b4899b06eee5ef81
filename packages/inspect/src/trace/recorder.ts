import { customGradient, StateError, Tensor } from "@chainrule/core";
import { labelOf, type Node } from "./label.ts";

/** One call of a tensor's method. */
export interface Call {
  readonly method: string;
  /** The operands' nodes, in the order of the call. */
  readonly operands: readonly Node[];
  /** Stands for each operand in `output` alone, so that ∂output/∂operand leaves out every other path. */
  readonly places: readonly Tensor[];
  readonly output: Tensor;
  /** The arguments that were no tensors, and undefined where an operand stands. */
  readonly settings: readonly unknown[];
}

/** What a function did while it was recorded. */
export interface Recording {
  readonly calls: ReadonlyMap<Node, Call>;
  /** The operand that each stand-in stands for. */
  readonly standIns: ReadonlyMap<Node, Node>;
  /** Names of operands that were labelled. */
  readonly names: ReadonlyMap<Node, string>;
}

type Method = (this: Tensor, ...args: readonly unknown[]) => unknown;

/** Passes a value and its gradient on as a node of its own. */
export const standIn: (x: Tensor) => Tensor = customGradient(
  (x) => x,
  (upstream) => [upstream],
);

/** The methods that compute: those that Tensor inherits, `data`, `gradient` and their like being its own. */
function computingMethods(): [object, string, Method][] {
  const found: [object, string, Method][] = [];
  let prototype: object = Object.getPrototypeOf(Tensor.prototype) as object;
  for (; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value === "function" && name !== "constructor" && name !== "wrap") {
        found.push([prototype, name, value as Method]);
      }
    }
  }
  return found;
}

let recording = false;

/**
 * Runs `body` and notes each call of a tensor's method as one operation, with stand-ins for its operands.
 *
 * @throws StateError where a recording is under way already.
 */
export function record<T>(body: () => T): { readonly result: T; readonly recording: Recording } {
  if (recording) throw new StateError("trace: a computation is traced already; trace them one after another");
  const calls = new Map<Node, Call>();
  const standIns = new Map<Node, Node>();
  const names = new Map<Node, string>();
  let depth = 0;

  const note = (method: string, original: Method, self: Tensor, args: readonly unknown[]): unknown => {
    const operands: Node[] = [];
    const places: Tensor[] = [];
    const place = (operand: Tensor): Tensor => {
      const { node } = operand;
      const name = labelOf(operand) ?? labelOf(node);
      if (name !== undefined) names.set(node, name);
      const substitute = standIn(operand);
      standIns.set(substitute.node, node);
      operands.push(node);
      places.push(substitute);
      return substitute;
    };
    const output: unknown = Reflect.apply(
      original,
      place(self),
      args.map((arg) => (arg instanceof Tensor ? place(arg) : arg)),
    );
    const settings = args.map((arg) => (arg instanceof Tensor ? undefined : arg));
    const keep = (tensor: Tensor): Tensor => {
      const same = places.findIndex(({ node }) => node === tensor.node);
      // A call that changes nothing, such as a reshape to the same shape, is no operation.
      if (same >= 0)
        return same === 0 ? self : (args.filter((arg) => arg instanceof Tensor)[same - 1] as Tensor);
      calls.set(tensor.node, { method, operands, places, output: tensor, settings });
      return tensor;
    };
    if (Array.isArray(output))
      return output.map((part: unknown) => (part instanceof Tensor ? keep(part) : part));
    return output instanceof Tensor ? keep(output) : output;
  };

  const methods = computingMethods();
  recording = true;
  for (const [prototype, name, original] of methods) {
    const noted = function (this: Tensor, ...args: readonly unknown[]): unknown {
      if (depth > 0) return Reflect.apply(original, this, args);
      depth++;
      try {
        return note(name, original, this, args);
      } finally {
        depth--;
      }
    };
    Object.defineProperty(prototype, name, { value: noted, configurable: true, writable: true });
  }
  try {
    return { result: body(), recording: { calls, standIns, names } };
  } finally {
    recording = false;
    for (const [prototype, name, original] of methods) {
      Object.defineProperty(prototype, name, { value: original, configurable: true, writable: true });
    }
  }
}
