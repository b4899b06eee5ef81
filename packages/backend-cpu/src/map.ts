import type { GatherKernel, MapKernel, ScatterAddKernel } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { Evaluation, type Node } from "./evaluation.ts";
import { contiguousMap, loopAxes, nest, storeOutputs } from "./nest.ts";
import { binaryOperation, position, truth } from "./scalar.ts";

/** All outputs at each index, in one nest of loops; for a gather, `result` is the element that its index names. */
export function lowerMap<E>(emitter: Emitter<E>, kernel: MapKernel | GatherKernel): void {
  const { shape, outputs } = kernel;
  const axes = loopAxes(shape);
  const stored = contiguousMap(shape);
  let taken: Node | undefined;
  if (kernel.kind === "gather") {
    const { input, map, axisStride, axisSize } = kernel.source;
    const index: Node = {
      kind: "position",
      dtype: "int32",
      index: kernel.index,
      stride: axisStride,
      size: axisSize,
    };
    taken = { kind: "take", dtype: kernel.dtype, input, map, position: index };
  }
  const evaluation = new Evaluation(emitter, outputs, [stored], shape, axes, taken);
  nest(emitter, [evaluation], axes, shape, true, () =>
    storeOutputs(emitter, evaluation, outputs, stored, kernel.inputs.length),
  );
}

/** The output zeroed, then each value added where its index says, in row-major order. */
export function lowerScatterAdd<E>(emitter: Emitter<E>, kernel: ScatterAddKernel): void {
  const { shape, value, index, dtype } = kernel;
  const { map, axisStride, axisSize } = kernel.target;
  const output = kernel.inputs.length;
  const axes = loopAxes(shape);
  const place: Node = { kind: "position", dtype: "int32", index, stride: axisStride, size: axisSize };
  const evaluation = new Evaluation(emitter, [value, place], [map], shape, axes);
  emitter.fill(output, 0);
  nest(emitter, [evaluation], axes, shape, true, () => {
    evaluation.flush();
    const add = (): void => {
      const at = emitter.bind(emitter.apply(position.add, evaluation.value(place), evaluation.address(map)));
      const old = emitter.load(output, at);
      const isBool = dtype === "bool";
      const sum = emitter.apply(
        binaryOperation("add", dtype),
        isBool ? emitter.apply(truth.load, old) : old,
        evaluation.value(value),
      );
      emitter.store(output, at, isBool ? emitter.apply(truth.store, sum) : sum);
    };
    const valid = evaluation.valid(map);
    if (valid === true) add();
    else if (valid !== false) emitter.when(valid, add);
  });
}
