import {
  foldIdentity,
  loopAxes,
  operandsFirst,
  operandsOf,
  trafficAlong,
  type Expression,
  type ReduceKernel,
} from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { Evaluation } from "./evaluation.ts";
import { foldAcross } from "./fold-across.ts";
import { foldAlong } from "./fold-along.ts";
import { lanes, type Fold } from "./fold.ts";
import { storeOutputs, targetsOf } from "./nest.ts";
import { foldOperation, foldResult } from "./scalar.ts";

/** Sums of float64 longer than this go through partial sums, so that errors grow with the root of the length. */
const longSum = 512;

/** Whether it costs so little that the accumulators would be what a loop waits for. */
function isCheap(value: Expression): boolean {
  const nodes = operandsFirst([value], operandsOf);
  const isCostly = (node: Expression): boolean =>
    node.kind === "random" ||
    (node.kind === "unary" && !["neg", "sqrt", "floor"].includes(node.op)) ||
    (node.kind === "binary" && (node.op === "pow" || node.op === "mod"));
  return nodes.length <= 12 && !nodes.some(isCostly);
}

/** Folds `value` over the `reduced` axes, along memory or across it, whichever reads `value` in order. */
export function lowerReduce<E>(emitter: Emitter<E>, kernel: ReduceKernel): void {
  const { shape, outputs, value, op } = kernel;
  const { dtype } = value;
  const isBool = dtype === "bool";
  const sizes = [...shape, ...kernel.reduced];
  const targets = targetsOf(kernel);
  const outer = loopAxes(shape);
  const folded = loopAxes(sizes).filter((axis) => axis >= shape.length);
  const along = folded.at(-1);
  const across = outer.at(-1);
  const length = along === undefined ? 1 : sizes[along]!;
  const isAcross =
    along !== undefined &&
    across !== undefined &&
    !isBool &&
    sizes[across]! >= 4 &&
    trafficAlong(value, across) + 1 < trafficAlong(value, along);
  const isWide = isCheap(value) && !isBool && length >= (isAcross ? 2 : 8) * lanes;
  const epilogue = new Evaluation(emitter, outputs, targets, shape, outer);
  const fold: Fold<E> = {
    emitter,
    value,
    sizes,
    outer,
    folded,
    epilogue,
    operation: foldOperation(op, dtype),
    identity: isBool ? emitter.truth(op === "prod") : emitter.literal(foldIdentity(op, dtype)),
    isLong: dtype === "float64" && op === "sum" && length > longSum,
    evaluate: (order) =>
      Array.from({ length: isWide ? lanes : 1 }, () => new Evaluation(emitter, [value], [], sizes, order)),
    store: (total) => {
      epilogue.result = emitter.bind(emitter.apply(foldResult(dtype), total));
      storeOutputs(emitter, epilogue, kernel, targets);
    },
  };
  if (isAcross) foldAcross(fold, along, across, kernel.inputs.length + outputs.length);
  else foldAlong(fold, along);
}
