import type { Device } from "../backend/device.ts";
import { defaultBackendName } from "../backend/registry.ts";
import { Captured } from "../engine/captured.ts";
import { isEager } from "../engine/debug.ts";
import { LruMap } from "../engine/lru.ts";
import type { Plan } from "../engine/plan.ts";
import { deviceOf, realizeNodesSync } from "../engine/realize.ts";
import { Storage } from "../engine/storage.ts";
import { activeTrace, withTrace, type Trace } from "../engine/trace.ts";
import { OptionError, StateError } from "../errors.ts";
import { buffer, stopGradient } from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { sizeOf, type Shape } from "../shape.ts";
import { Tensor } from "./tensor.ts";
import { Variable } from "./variable.ts";

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
  readonly resultShapes: readonly Shape[];
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

/** Takes the tensors out of a tree and leaves numbered slots; arguments that are variables stay themselves. */
function flatten(tree: Tree, tensors: Tensor[], keep: "variables" | "nothing"): unknown {
  if (keep === "variables" && tree instanceof Variable) return tree;
  if (tree instanceof Tensor) return new Slot(tensors.push(tree) - 1);
  if (Array.isArray(tree)) return tree.map((item: Tree) => flatten(item, tensors, keep));
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
    return mapValues(tree, (item) => flatten(item as Tree, tensors, keep));
  }
  if (typeof tree === "function")
    throw new OptionError("compile: a function cannot be an argument or a result");
  return tree;
}

function fill(shape: unknown, tensors: readonly Tensor[]): unknown {
  if (shape instanceof Slot) return tensors[shape.index];
  if (Array.isArray(shape)) return shape.map((item) => fill(item, tensors));
  if (typeof shape !== "object" || shape === null || shape instanceof Variable) return shape;
  return mapValues(shape, (item) => fill(item, tensors));
}

const mapValues = (object: object, change: (value: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

let variables = 0;
const numberOf = new WeakMap<Variable, number>();

/** The structure and the settings of arguments as text; variables by what they are, tensors by their place alone. */
function textOf(shape: unknown): string {
  if (shape instanceof Slot) return "#";
  if (shape instanceof Variable) {
    if (!numberOf.has(shape)) numberOf.set(shape, variables++);
    return `variable ${numberOf.get(shape)}`;
  }
  if (Array.isArray(shape)) return `[${shape.map(textOf).join()}]`;
  if (typeof shape === "object" && shape !== null) {
    const entries = Object.entries(shape).map(([key, item]) => `${JSON.stringify(key)}:${textOf(item)}`);
    return `{${entries.join()}}`;
  }
  if (typeof shape === "string") return JSON.stringify(shape);
  return Object.is(shape, -0) ? "-0" : String(shape);
}

function placeholderFor({ dtype, shape }: Node): Node {
  return buffer(Storage.placeholder(dtype, sizeOf(shape)), shape);
}

function capture(
  body: (...args: Tree[]) => Tree,
  shape: unknown,
  nodes: readonly Node[],
  device: Device | null,
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
    const resultShape = flatten(body(...args), tensors, "nothing");
    const results = tensors.map(({ node }) => node);
    return {
      captured: new Captured(trace, placeholders, results, reuseOutputs),
      shape: resultShape,
      resultShapes: results.map((node) => node.shape),
      reused: null,
    };
  });
}

/** Runs the function as it is and computes its results and the variables it assigned: what debug mode does. */
function runPlainly<A extends readonly Tree[], R extends Tree>(body: (...args: A) => R, args: A): R {
  const result = body(...args);
  const tensors: Tensor[] = [];
  flatten(result, tensors, "nothing");
  realizeNodesSync(tensors.map(({ node }) => node));
  return result;
}

/**
 * Captures a function of tensors: the first call for each kind of arguments records its graph and plans it, later
 * calls replay the plan with no graph work. Variables that it reads are inputs, variables that it assigns are
 * updated in place, and one that it creates is created once, when it is captured; `hostValue`s and random keys are
 * made anew for each call; any other JavaScript value is fixed when it is captured. Results are those of the
 * uncaptured function, bit for bit.
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
    const shape = flatten(args, tensors, "variables");
    // A variable's own elements may be updated by the step, which would then change its argument: that is a copy.
    const nodes = tensors.map(({ node }) => (node.owned ? stopGradient(node) : node));
    const device = deviceOf(nodes);
    const kinds = nodes.map((node) => node.leafSignature).join();
    const signature = `${device?.name ?? defaultBackendName()} ${kinds} ${textOf(shape)}`;
    let entry = entries.get(signature);
    if (entry === undefined || entry.captured.isOutdated) {
      entry = capture(body as unknown as (...args: Tree[]) => Tree, shape, nodes, device, reuseOutputs);
      entries.set(signature, entry);
    }
    const { captured, resultShapes, reused } = entry;
    realizeNodesSync(nodes, captured.device);
    const storages = captured.replay(nodes);
    if (reused !== null) return reused as R;
    const results = resultShapes.map((of, i) => new Tensor(buffer(storages[i]!, of)));
    const filled = fill(entry.shape, results);
    if (reuseOutputs) entry.reused = filled;
    return filled as R;
  };
  // A getter: Object.assign would read it once.
  return Object.defineProperty(call, "plans", {
    get: () => entries.values().map(({ captured }) => captured.plan),
  }) as Compiled<A, R>;
}
