import { gradient, realize, ShapeError, StateError, Tensor, tensor } from "@chainrule/core";
import { Module } from "@chainrule/nn";
import { expressionOf } from "./expression.ts";
import { namesOf, type Vertex, verticesOf } from "./graph.ts";
import { labelOf, labelParameters, type Node } from "./label.ts";
import { jacobianRows, type LocalTensors, localTensors } from "./local.ts";
import { record, standIn } from "./recorder.ts";
import { ComputedTrace } from "./computed-trace.ts";
import type { Trace, TraceNode } from "./types.ts";

/** What a traced function takes: tensors, or numbers, which become float64 scalars; alone or by name. */
export type TraceInput = Tensor | number | { readonly [name: string]: Tensor | number };

/** Options of `traceWith`. */
export interface TraceOptions {
  /** The most elements that a local Jacobian is computed for; default 64. */
  readonly jacobianLimit?: number;
}

type Traced<T> = T extends Tensor
  ? T
  : T extends number
    ? Tensor
    : { readonly [K in keyof T]: T[K] extends Tensor ? T[K] : Tensor };

/** The arguments that a traced function gets for the inputs given. */
export type TracedInputs<A extends readonly TraceInput[]> = { [I in keyof A]: Traced<A[I]> };

/** A function of tensors that gives one number, or a module. */
export type Traceable<A extends readonly unknown[]> = ((...inputs: A) => Tensor) | Module<Tensor[]> | Module;

/**
 * Runs a function and lists every node of its computation in topological order: operation, inputs, value, local
 * gradients ∂node/∂input and upstream gradient ∂result/∂node, where ∂result/∂x = Σ ∂result/∂n · ∂n/∂x over all n
 * that use x.
 *
 * Each method called on a tensor is one node. Inputs in an object are named by their keys, nodes by `label`:
 * `await trace(({ w, x, b }) => label("z", w.mul(x).add(b)).sigmoid(), { w: 2, x: -1, b: 0.5 })`.
 *
 * @throws ShapeError where the result is not a single number; StateError where the function returns no tensor.
 */
export function trace<const A extends readonly TraceInput[]>(
  fn: Traceable<TracedInputs<A>>,
  ...inputs: A
): Promise<Trace> {
  return traceWith({}, fn, ...inputs);
}

/** `trace` with options. */
export async function traceWith<const A extends readonly TraceInput[]>(
  options: TraceOptions,
  fn: Traceable<TracedInputs<A>>,
  ...inputs: A
): Promise<Trace> {
  const { jacobianLimit = 64 } = options;
  const given = new Map<Node, string>();
  const args = inputs.map((input, i) => argument(input, `x${inputs.length > 1 ? i + 1 : ""}`, given));
  if (fn instanceof Module) labelParameters(fn);
  const call = fn instanceof Module ? (...xs: Tensor[]): unknown => fn.forward(...(xs as [Tensor])) : fn;
  const { result, recording } = record((): unknown => (call as (...xs: unknown[]) => unknown)(...args));
  if (!(result instanceof Tensor)) {
    throw new StateError("trace: the function must return a tensor, at once and not by promise");
  }
  if (result.size !== 1) {
    throw new ShapeError(
      `trace: the result has shape [${result.shape.join(", ")}], and only a single number has gradients; ` +
        `reduce it, as with .sum() or a loss`,
    );
  }
  const { vertices, last } = verticesOf(result.node, [...given.keys()], recording);
  const names = namesOf(vertices, given, recording.names);
  return new ComputedTrace(await readNodes(vertices, last, names, jacobianLimit), vertices.indexOf(last));
}

/** Numbers become tensors, and what is named is noted. */
function argument(
  input: TraceInput,
  name: string,
  given: Map<Node, string>,
): Tensor | Record<string, Tensor> {
  if (typeof input === "number") return argument(tensor(input, { dtype: "float64" }), name, given);
  if (input instanceof Tensor) {
    // A constant is folded away where plain functions meet it; an input must stay visible.
    const own = input.node.op === "const" ? standIn(input) : input;
    given.set(own.node, labelOf(input) ?? labelOf(own.node) ?? name);
    return own;
  }
  const named = Object.entries(input).map(([key, value]) => [key, argument(value, key, given)] as const);
  return Object.fromEntries(named) as Record<string, Tensor>;
}

const isFloat = ({ dtype }: Node): boolean => dtype.startsWith("float");

async function readNodes(
  vertices: readonly Vertex[],
  last: Vertex,
  names: ReadonlyMap<Node, string>,
  jacobianLimit: number,
): Promise<TraceNode[]> {
  const ids = new Map(vertices.map(({ node }, id) => [node, id]));
  const floats = vertices.filter(({ node }) => isFloat(node)).map(({ node }) => node);
  const upstreams = isFloat(last.node)
    ? gradient(
        new Tensor(last.node),
        floats.map((node) => new Tensor(node)),
      )
    : [];
  const upstreamOf = new Map(upstreams.map((upstream, i) => [floats[i]!, upstream]));
  const locals = vertices.map((vertex) => localTensors(vertex, upstreamOf.get(vertex.node), jacobianLimit));
  const values = vertices.map(({ node }) => new Tensor(node));
  await realize(...values, ...upstreams, ...locals.flatMap(allOf));
  return Promise.all(
    vertices.map(async ({ node, kind, op, inputs, settings }, id) => ({
      id,
      name: names.get(node)!,
      kind,
      op,
      expression:
        kind === "operation"
          ? expressionOf(
              op,
              inputs.map((input) => names.get(input)!),
              settings,
            )
          : "",
      inputs: inputs.map((input) => ids.get(input)!),
      shape: node.shape,
      value: await values[id]!.data(),
      local: await Promise.all(
        locals[id]!.map(async (local, i) => ({
          input: ids.get(inputs[i]!)!,
          jacobian: local.rows && (await jacobianRows(local.rows)),
          omitted: local.omitted,
          passed: (await local.passed?.data()) ?? null,
        })),
      ),
      gradient: (await upstreamOf.get(node)?.data()) ?? null,
    })),
  );
}

const allOf = (locals: readonly LocalTensors[]): Tensor[] =>
  locals.flatMap(({ rows, passed }) => [...(rows ?? []), ...(passed ? [passed] : [])]);
