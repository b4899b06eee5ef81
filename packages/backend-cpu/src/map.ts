import { loopAxes, type GatherKernel, type ScatterAddKernel } from "@chainrule/core";
import type { Node } from "./analysis.ts";
import type { Emitter } from "./emitter.ts";
import { Evaluation } from "./evaluation.ts";
import { type KernelOutputs, nest, storeOutputs, targetsOf } from "./nest.ts";
import { binaryOperation } from "./scalar.ts";

/** All outputs at each index, in one nest of loops; `result` is what `result` nodes stand for. */
export function lowerMap<E>(emitter: Emitter<E>, kernel: KernelOutputs, result: Node | null = null): void {
  const { shape, outputs } = kernel;
  const axes = loopAxes(shape);
  const targets = targetsOf(kernel);
  const evaluation = new Evaluation(emitter, outputs, targets, shape, axes, result);
  nest(emitter, [evaluation], axes, shape, { isSplit: true, inside: 1 }, () =>
    storeOutputs(emitter, evaluation, kernel, targets),
  );
}

/** The element that the index of a gather names. */
export function gathered({ source, index, dtype }: GatherKernel): Node {
  const { input, map, axisStride, axisSize } = source;
  const position: Node = { kind: "position", dtype: "int32", index, stride: axisStride, size: axisSize };
  return { kind: "take", dtype, input, map, position };
}

/** The output zeroed, then each value added where its index says, in row-major order. */
export function lowerScatterAdd<E>(emitter: Emitter<E>, kernel: ScatterAddKernel): void {
  const { shape, value, index, dtype } = kernel;
  const { map, axisStride, axisSize } = kernel.target;
  const output = kernel.inputs.length;
  const isBool = dtype === "bool";
  const axes = loopAxes(shape);
  const position: Node = { kind: "position", dtype: "int32", index, stride: axisStride, size: axisSize };
  const evaluation = new Evaluation(emitter, [value, position], [map], shape, axes);
  emitter.fill(output, 0);
  nest(emitter, [evaluation], axes, shape, { isSplit: true, inside: 1 }, () => {
    evaluation.flush();
    const add = (): void => {
      const at = emitter.bind(emitter.plus(evaluation.value(position), evaluation.address(map)));
      const old = evaluation.element(output, at, isBool);
      const sum = emitter.apply(binaryOperation("add", dtype), old, evaluation.value(value));
      evaluation.store(output, at, sum, isBool);
    };
    const valid = evaluation.valid(map);
    if (valid === true) add();
    else if (valid !== false) emitter.when(valid, add);
  });
}
