import { bytesPerElement, Tensor, zeros, type Shape } from "@chainrule/core";
import type { AnyModule } from "./module.ts";
import { observeForward, type ForwardCall } from "./observe.ts";
import { formatTable } from "./table.ts";

/** One layer of a summary; what depends on the input is null where no input was given. */
export interface LayerSummary {
  readonly name: string;
  readonly layer: string;
  readonly outputShape: Shape | null;
  /** Elements of the parameters it holds itself; a parameter is counted where it first appears. */
  readonly parameters: number;
  /** Multiply-adds of one forward pass: one for each use of a weight. */
  readonly forward: number | null;
  /** Multiply-adds of one backward pass: for each of the forward's one for the input's gradient, one for the weight's. */
  readonly backward: number | null;
  /** Bytes of its output. */
  readonly bytes: number | null;
}

/** What a module is made of and what a step of it costs. `toString` draws it as a table. */
export interface ModelSummary {
  /** Layers as they run; where no input was given, as they are defined. */
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly forward: number | null;
  readonly backward: number | null;
  /** Bytes of parameters, of buffers, and of all layers' outputs, which is what backward keeps at most. */
  readonly memory: { readonly parameters: number; readonly buffers: number; readonly outputs: number | null };
  toString(): string;
}

/**
 * Layers with their output shapes, parameters, multiply-adds (forward one a weight, backward two) and memory.
 *
 * @param inputs shapes (batch axis included) or example tensors, one for each input of `forward`; without them,
 * what depends on the input stays out. Nothing is computed, and no state changes.
 */
export function summary(model: AnyModule, ...inputs: readonly (Shape | Tensor)[]): ModelSummary {
  const modules = model
    .namedModules()
    .map(([name, module]): [string, AnyModule] => [name || "(model)", module]);
  const calls = new Map(trace(model, inputs).map((call) => [call, call.module] as const));
  const called = new Set(calls.values());
  const rows: [string, AnyModule, ForwardCall | null][] = [
    ...[...calls.keys()].map((call): [string, AnyModule, ForwardCall] => [
      call.name || "(model)",
      call.module,
      call,
    ]),
    ...modules
      .filter(([, module]) => !called.has(module))
      .map(([name, module]): [string, AnyModule, null] => [name, module, null]),
  ];
  const counted = new Set<Tensor>();
  const layers = rows
    .map(([name, module, call]) => layerSummary(name, module, call, counted))
    .filter((row) => row !== null);
  const total = (key: "parameters" | "forward" | "backward" | "bytes"): number =>
    layers.reduce((sum, layer) => sum + (layer[key] ?? 0), 0);
  const known = <T>(value: T): T | null => (inputs.length > 0 ? value : null);
  const made = {
    layers,
    parameters: total("parameters"),
    forward: known(total("forward")),
    backward: known(total("backward")),
    memory: {
      parameters: bytesOf(model.parameters()),
      buffers: bytesOf(model.buffers()),
      outputs: known(total("bytes")),
    },
  };
  return { ...made, toString: () => draw(made) };
}

/** The calls of one lazy forward pass in evaluation mode, which computes nothing and updates no running statistic. */
function trace(model: AnyModule, inputs: readonly (Shape | Tensor)[]): ForwardCall[] {
  const calls: ForwardCall[] = [];
  if (inputs.length === 0) return calls;
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  const restore = observeForward(model, (call) => calls.push(call));
  try {
    model.eval();
    model.forward(...(inputs.map((input) => (input instanceof Tensor ? input : zeros(input))) as never));
  } finally {
    restore();
    for (const [module, training] of modes) module.training = training;
  }
  return calls;
}

function layerSummary(
  name: string,
  module: AnyModule,
  call: ForwardCall | null,
  counted: Set<Tensor>,
): LayerSummary | null {
  const inner = new Set(module.children().flatMap((child) => child.parameters()));
  const own = module.parameters().filter((parameter) => !inner.has(parameter));
  if (module.children().length > 0 && own.length === 0) return null;
  const fresh = own.filter((parameter) => !counted.has(parameter));
  for (const parameter of fresh) counted.add(parameter);
  const parameters = fresh.reduce((sum, parameter) => sum + parameter.size, 0);
  const output = call && tensorsIn(call.output);
  const shape = output?.[0]?.shape ?? null;
  const forward =
    shape &&
    module.multiplyAdds(
      shape,
      tensorsIn(call!.inputs).map((input) => input.shape),
    );
  return {
    name,
    layer: module.constructor.name,
    outputShape: shape,
    parameters,
    forward,
    backward: forward && 2 * forward,
    bytes: output && bytesOf(output),
  };
}

const tensorsIn = (value: unknown): Tensor[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is Tensor => item instanceof Tensor);

const bytesOf = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, tensor) => sum + tensor.size * bytesPerElement(tensor.dtype), 0);

function draw({ layers, parameters, forward, backward, memory }: Omit<ModelSummary, "toString">): string {
  const rows = layers.map((layer) => [
    layer.name,
    layer.layer,
    layer.outputShape ? `[${layer.outputShape.join(", ")}]` : "",
    count(layer.parameters),
    count(layer.forward),
    count(layer.backward),
  ]);
  rows.push(["total", "", "", count(parameters), count(forward), count(backward)]);
  const table = formatTable(["name", "layer", "output", "parameters", "multiply-adds", "backward"], rows, [
    "left",
    "left",
    "left",
    "right",
    "right",
    "right",
  ]);
  const outputs = memory.outputs === null ? "" : `, outputs ${kibibytes(memory.outputs)}`;
  return `${table}\nmemory: parameters ${kibibytes(memory.parameters)}, buffers ${kibibytes(memory.buffers)}${outputs}`;
}

const count = (value: number | null): string => (value === null ? "" : value.toLocaleString("en-US"));

const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
