import type { Device } from "../backend/device.ts";
import { defaultBackendName, openDeviceSync } from "../backend/registry.ts";
import { Captured } from "../engine/captured.ts";
import { isEager } from "../engine/debug.ts";
import { LruMap } from "../engine/lru.ts";
import type { Plan } from "../engine/plan.ts";
import { deviceOf, realizeNodesSync } from "../engine/realize.ts";
import { Storage } from "../engine/storage.ts";
import { activeTrace, withTrace, type Trace } from "../engine/trace.ts";
import { OptionError, StateError } from "../errors.ts";
import { Node } from "../graph/node.ts";
import { sizeOf } from "../shape.ts";
import { Tensor } from "./tensor.ts";

/** What captured functions take and give: tensors, alone or in arrays and plain objects, and plain settings. */
export type Tree =
  | Tensor
  | number
  | string
  | boolean
  | null
  | undefined
  | void
  | readonly Tree[]
  | { readonly [key: string]: Tree };

export interface CompileOptions {
  /** Let each call overwrite the results of the call before: no allocation, and read them before the next call. */
  readonly reuseOutputs?: boolean;
}

/** A function that is captured once for each kind of arguments and replayed afterwards. */
export interface Compiled<A extends readonly Tree[], R extends Tree> {
  (...args: A): R;
  /** The plans captured so far. */
  readonly plans: readonly Plan[];
}

/** More kinds of arguments than any loop needs; past that the oldest is captured again. */
const maxCaptures = 16;

interface Entry {
  readonly captured: Captured;
  /** The result with numbers in place of tensors. */
  readonly shape: unknown;
  readonly results: readonly Node[];
  /** The same tensors at each call, where outputs are reused. */
  reused: unknown;
}

/** Stands for the n-th tensor of a tree. */
class Slot {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
}

/** Takes the tensors out of a tree and leaves numbered slots. */
function flatten(tree: Tree, tensors: Tensor[]): unknown {
  if (tree instanceof Tensor) return new Slot(tensors.push(tree) - 1);
  if (Array.isArray(tree)) return tree.map((item: Tree) => flatten(item, tensors));
  if (tree instanceof Promise) {
    throw new StateError(
      "compile: the function returned a promise; captured functions are synchronous, without await",
    );
  }
  if (typeof tree === "object" && tree !== null) {
    const prototype: unknown = Object.getPrototypeOf(tree);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new OptionError(
        `compile: arguments and results are tensors, plain values, arrays and plain objects, not an object of another class`,
      );
    }
    return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, flatten(item, tensors)]));
  }
  if (typeof tree === "function")
    throw new OptionError("compile: a function cannot be an argument or a result");
  return tree;
}

function fill(shape: unknown, tensors: readonly Tensor[]): unknown {
  if (shape instanceof Slot) return tensors[shape.index];
  if (Array.isArray(shape)) return shape.map((item) => fill(item, tensors));
  if (typeof shape === "object" && shape !== null) {
    return Object.fromEntries(Object.entries(shape).map(([key, item]) => [key, fill(item, tensors)]));
  }
  return shape;
}

/** Equal texts are arguments that one capture serves: same structure, settings, shapes, dtypes and backend. */
function signatureOf(shape: unknown, nodes: readonly Node[], device: Device): string {
  const kinds = nodes.map((node) => node.leafSignature).join();
  const settings =
    nodes.length === 1 && Array.isArray(shape) && shape.length === 1 ? "" : JSON.stringify(shape);
  return `${device.name} ${kinds} ${settings}`;
}

function placeholderFor(node: Node): Node {
  const placeholder = new Node("buffer", [], null, node.shape, node.dtype);
  placeholder.storage = Storage.placeholder(node.dtype, sizeOf(node.shape));
  return placeholder;
}

function capture(
  body: (...args: Tree[]) => Tree,
  shape: unknown,
  nodes: readonly Node[],
  device: Device,
  reuseOutputs: boolean,
): Entry {
  const trace: Trace = { device, cells: new Map(), assigned: new Map(), hostInputs: [] };
  const placeholders = nodes.map(placeholderFor);
  return withTrace(trace, () => {
    const args = fill(
      shape,
      placeholders.map((node) => new Tensor(node)),
    ) as Tree[];
    const tensors: Tensor[] = [];
    const resultShape = flatten(body(...args), tensors);
    const results = tensors.map(({ node }) => node);
    return {
      captured: new Captured(trace, placeholders, results, reuseOutputs),
      shape: resultShape,
      results,
      reused: null,
    };
  });
}

/** Runs the function as it is and computes its results and the variables it assigned: what debug mode does. */
function runPlainly<A extends readonly Tree[], R extends Tree>(body: (...args: A) => R, args: A): R {
  const result = body(...args);
  const tensors: Tensor[] = [];
  flatten(result, tensors);
  realizeNodesSync(tensors.map(({ node }) => node));
  return result;
}

/**
 * Captures a function of tensors: the first call for each kind of arguments records its graph and plans it, later
 * calls replay the plan with no graph work. Variables that it reads are inputs, variables that it assigns are
 * updated in place; `hostValue`s and random keys are made anew for each call; any other JavaScript value is fixed
 * when it is captured. Results are those of the uncaptured function, bit for bit.
 */
export function compile<A extends readonly Tree[], R extends Tree>(
  body: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const { reuseOutputs = false } = options;
  const entries = new LruMap<string, Entry>(maxCaptures);
  const call = (...args: A): R => {
    if (activeTrace() !== null) return body(...args);
    if (isEager()) return runPlainly(body, args);
    const tensors: Tensor[] = [];
    const shape = flatten(args, tensors);
    const nodes = tensors.map(({ node }) => node);
    realizeNodesSync(nodes);
    const device = deviceOf(nodes) ?? openDeviceSync(defaultBackendName());
    const signature = signatureOf(shape, nodes, device);
    let entry = entries.get(signature);
    if (entry === undefined)
      entries.set(
        signature,
        (entry = capture(body as unknown as (...args: Tree[]) => Tree, shape, nodes, device, reuseOutputs)),
      );
    const storages = entry.captured.replay(nodes);
    if (entry.reused !== null) return entry.reused as R;
    const results = entry.results.map(({ shape: of, dtype }, i) => {
      const node = new Node("buffer", [], null, of, dtype);
      node.storage = storages[i]!;
      return new Tensor(node);
    });
    const filled = fill(entry.shape, results);
    if (reuseOutputs) entry.reused = filled;
    return filled as R;
  };
  // A getter: Object.assign would read it once.
  return Object.defineProperty(call, "plans", {
    get: () => entries.values().map(({ captured }) => captured.plan),
  }) as Compiled<A, R>;
}
