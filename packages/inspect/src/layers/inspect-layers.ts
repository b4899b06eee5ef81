import { onesLike, realize, Tensor, gradient, type Shape } from "@chainrule/core";
import { type AnyModule, type ForwardCall, type Module, observeForward, type Parameter } from "@chainrule/nn";
import type { Loss } from "@chainrule/train";
import { findingsOf, type Finding, type FindingOptions } from "./findings.ts";
import { type Moments, momentsOf } from "./moments.ts";
import { reportToText } from "./report-text.ts";
import { isActivation, mayHaveDeadUnits, saturatedShare, steepestSlope, varies, zeroUnits } from "./units.ts";

/** A parameter, and the gradient of the loss by it. */
export interface ParameterStatistics {
  /** Its name in `stateDict`. */
  readonly name: string;
  readonly shape: Shape;
  readonly value: Moments;
  readonly gradient: Moments;
  /** Whether all rows of a weight are equal, so that its units are and stay one. */
  readonly symmetric: boolean;
}

/** One use of a layer. */
export interface LayerStatistics {
  /** The module's name below the model. */
  readonly name: string;
  /** The module's class. */
  readonly layer: string;
  /** Of its output. */
  readonly shape: Shape;
  readonly activation: Moments;
  /** ∂loss/∂output. */
  readonly gradient: Moments;
  readonly units: number;
  /**
   * Units that have no slope on any example, for activations; for other modules those that turn what is not zero into
   * zeros on every example. Null where that tells nothing: also behind a dead layer, which hands on the same for every
   * example.
   */
  readonly deadUnits: number | null;
  /** The share of elements whose slope is below 5 % of the steepest; null where the layer does not saturate. */
  readonly saturated: number | null;
  /** Those that the layer holds itself. */
  readonly parameters: readonly ParameterStatistics[];
}

/** The state of a model's layers on one batch. */
export interface LayerReport {
  readonly loss: number;
  /** Layers as they run. */
  readonly layers: readonly LayerStatistics[];
  /** What is wrong, with the layer and the cure. */
  readonly findings: readonly Finding[];
  /** A table of the layers, and the findings below it. */
  toString(): string;
}

/** The batch on which layers are inspected, and what counts as wrong. */
export interface InspectOptions extends FindingOptions {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly loss: Loss;
}

interface Watched {
  readonly call: ForwardCall;
  readonly output: Tensor;
  readonly input: Tensor | null;
}

/**
 * Runs a batch forward and backward in evaluation mode, and reports each layer's activations, gradients, dead units
 * and saturation, and what is wrong. The model is left as it was.
 */
export async function inspectLayers(model: Module, options: InspectOptions): Promise<LayerReport> {
  const { x, y } = options;
  const { watched, loss } = watch(model, x, y, options.loss);
  const outputs = watched.map(({ output }) => output);
  const parameters = model.namedParameters();
  const gradients = loss.gradient(...outputs, ...parameters.map(([, parameter]) => parameter));
  const slopes = watched.map(({ call, output, input }) =>
    input && isActivation(call.module) ? gradient(output, [input], { upstream: onesLike(output) })[0]! : null,
  );
  await realize(loss, ...outputs, ...gradients, ...slopes.filter((slope) => slope !== null));
  const byParameter = new Map(
    await Promise.all(
      parameters.map(
        async ([name, parameter], i) =>
          [parameter, await parameterStatistics(name, parameter, gradients[outputs.length + i]!)] as const,
      ),
    ),
  );
  const differs = varies(await x.data(), x.shape);
  const seen = new Set<Parameter>();
  const layers = await Promise.all(
    watched.map((one, i) => {
      const own = ownParameters(one.call.module).filter(
        (parameter) => !seen.has(parameter) && seen.add(parameter),
      );
      const statistics = own.map((parameter) => byParameter.get(parameter)!);
      return layerStatistics(one, gradients[i]!, slopes[i]!, statistics, differs);
    }),
  );
  const report = { loss: await loss.item(), layers };
  const findings = findingsOf(report, options);
  return { ...report, findings, toString: () => reportToText(report.loss, layers, findings) };
}

/** A forward pass with the outputs of all layers: modules without children, and those that add to their children's work. */
function watch(model: Module, x: Tensor, y: Tensor, loss: Loss): { watched: Watched[]; loss: Tensor } {
  const watched: Watched[] = [];
  const made = new Set<unknown>();
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  const restore = observeForward(model, (call) => {
    const { output, inputs, module } = call;
    if (!(output instanceof Tensor) || !output.dtype.startsWith("float")) return;
    if (module.children().length > 0 && made.has(output.node)) return;
    made.add(output.node);
    const [input] = inputs;
    const float = input instanceof Tensor && input.dtype.startsWith("float") ? input : null;
    watched.push({ call, output, input: float });
  });
  try {
    model.eval();
    return { loss: loss(model.forward(x), y), watched };
  } finally {
    restore();
    for (const [module, training] of modes) module.training = training;
  }
}

function ownParameters(module: AnyModule): Parameter[] {
  const below = new Set(module.children().flatMap((child) => child.parameters()));
  return module.parameters().filter((parameter) => !below.has(parameter));
}

async function parameterStatistics(
  name: string,
  parameter: Parameter,
  slope: Tensor,
): Promise<ParameterStatistics> {
  const [value, derivative] = await Promise.all([parameter.data(), slope.data()]);
  const [out = 1] = parameter.shape;
  const row = value.length / out;
  const symmetric = parameter.rank >= 2 && out > 1 && value.every((element, i) => element === value[i % row]);
  return {
    name,
    shape: parameter.shape,
    value: momentsOf(value),
    gradient: momentsOf(derivative),
    symmetric,
  };
}

/** Whether units of a module that are without slope, or only give zeros, are so by its own doing. */
async function isJudged({ call, input }: Watched, batchDiffers: boolean): Promise<boolean> {
  if (input === null) return false;
  const values = await input.data();
  if (isActivation(call.module)) return !batchDiffers || varies(values, input.shape);
  return mayHaveDeadUnits(call.module) && !zeroUnits(values, input.shape).includes(true);
}

async function layerStatistics(
  watched: Watched,
  slopeOfLoss: Tensor,
  slope: Tensor | null,
  parameters: readonly ParameterStatistics[],
  batchDiffers: boolean,
): Promise<LayerStatistics> {
  const { output } = watched;
  const { name, module } = watched.call;
  const [values, gradients, slopes] = await Promise.all([output.data(), slopeOfLoss.data(), slope?.data()]);
  const zero = zeroUnits(slopes ?? values, output.shape);
  const judged = await isJudged(watched, batchDiffers);
  const steepest = steepestSlope(module);
  return {
    name: name || "(model)",
    layer: module.constructor.name,
    shape: output.shape,
    activation: momentsOf(values),
    gradient: momentsOf(gradients),
    units: zero.length,
    deadUnits: judged ? zero.filter(Boolean).length : null,
    saturated: slopes && steepest !== null ? saturatedShare(slopes, steepest) : null,
    parameters,
  };
}
