import {
  bytesPerElement,
  loopAxes,
  operandsFirst,
  operandsOf,
  type Dtype,
  type Expression,
  type GatherKernel,
  type MapKernel,
  type ScatterAddKernel,
} from "@chainrule/core";
import { binary } from "./arithmetic.ts";
import { Evaluation, type Order, type ResultSource } from "./evaluation.ts";
import { loopLanes, nest, type Share } from "./loops.ts";
import { extract, type Lanes, load, loadOne, partsOf, store } from "./lanes.ts";
import { type Entry, faultUnless, inShares, type Program } from "./program.ts";
import type { Func, Int, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

const dear = new Set([
  "exp",
  "log",
  "sin",
  "cos",
  "tanh",
  "erf",
  "log1p",
  "expm1",
  "pow",
  "mod",
  "div",
  "sqrt",
]);

/** About how many simple operations one element of these takes. */
export function costOf(roots: readonly Expression[]): number {
  let cost = 1;
  for (const node of operandsFirst(roots, operandsOf)) {
    cost +=
      node.kind === "random"
        ? 60
        : (node.kind === "unary" || node.kind === "binary") && dear.has(node.op)
          ? 8
          : 1;
  }
  return cost;
}

/** The order in which a kernel without reductions walks its outputs: the last axis by lanes. */
function outputOrder(sizes: readonly number[]): Order {
  const axes = loopAxes(sizes);
  return { sizes, axes, vector: axes.at(-1) ?? -1 };
}

/** `body` at each index of the order, with everything that is known there computed. */
function walk(
  { target }: Entry,
  evaluation: Evaluation,
  { sizes, axes, vector }: Order,
  share: Share | null,
  body: () => void,
): void {
  const inside = (): void => {
    evaluation.flush();
    body();
  };
  if (vector < 0) return inside();
  nest(target, [evaluation], axes.slice(0, -1), sizes, share, (own) =>
    loopLanes(target, [evaluation], vector, sizes[vector]!, own, inside),
  );
}

/** All outputs at each index; for a gather, `result` is the element that its index names. */
export function emitMap(program: Program, kernel: MapKernel | GatherKernel): void {
  const { shape, outputs } = kernel;
  const order = outputOrder(shape);
  const elements = shape.reduce((product, size) => product * size, 1);
  const outermost = shape[order.axes[0] ?? 0]!;
  const shared = kernel.kind === "map" && program.isWorthSharing(elements * costOf(outputs), outermost);
  program.single(shared, (entry) => {
    const roots = kernel.kind === "gather" ? [kernel.index, ...outputs] : outputs;
    let taken: ResultSource | null = null;
    const evaluation: Evaluation = new Evaluation(entry.target, entry.buffers, roots, order, (lanes) =>
      taken!(lanes),
    );
    if (kernel.kind === "gather") {
      evaluation.addMap(kernel.source.map, kernel.source.input, kernel.dtype);
      taken = () => take(entry, evaluation, kernel);
    }
    evaluation.addOutputs(kernel);
    const unit = order.axes[0] === order.vector ? 16 : 1;
    inShares(entry, outermost, unit, shared, (share) =>
      walk(entry, evaluation, order, shared ? share : null, () => evaluation.store()),
    );
  });
}

/** What an index names in each lane, checked; of which `address` is asked for where the map is valid. */
function named(
  f: Func,
  evaluation: Evaluation,
  index: Expression,
  { map, axisStride, axisSize }: ScatterAddKernel["target"],
  buffer: number,
  dtype: Dtype,
): { lanes: readonly number[]; stride: number; address: (lane: number) => Int } {
  const size = bytesPerElement(dtype);
  const lanes = Array.from({ length: evaluation.lanes }, (_, lane) => lane);
  const positions = lanes.map((lane) => {
    const position = extract(f, evaluation.value(index)[0]!, lane);
    faultUnless(f, position, axisSize);
    return position;
  });
  const { base, constant: offset, stride } = evaluation.place(map, buffer);
  const address = (lane: number): Int =>
    f.add(f.add(base, offset + lane * stride * size), f.scale(positions[lane]!, axisStride * size));
  return { lanes, stride, address };
}

/** The elements that a gather's index names. */
function take({ f, target }: Entry, evaluation: Evaluation, { source, index, dtype }: GatherKernel): Lanes {
  const { lanes, address } = named(f, evaluation, index, source, source.input, dtype);
  return evaluation.masked(source.map, dtype, () =>
    merge(
      target,
      dtype,
      lanes.map((lane) => loadOne(f, dtype, address(lane))),
    ),
  );
}

/** The first lanes of several values as the lanes of one. */
function merge({ f }: Entry["target"], dtype: GatherKernel["dtype"], elements: readonly Lanes[]): Lanes {
  const at = (lane: number): Local => elements[Math.min(lane, elements.length - 1)]![0]!;
  if (partsOf(dtype) === 2) return [f.shuffle(at(0), at(1), [0, 2]), f.shuffle(at(2), at(3), [0, 2])];
  if (elements.length === 1) return elements[0]!;
  const low = f.shuffle(at(0), at(1), [0, 4, 0, 4]);
  return [f.shuffle(low, f.shuffle(at(2), at(3), [0, 4, 0, 4]), [0, 1, 4, 5])];
}

/** The output zeroed, then each value added where its index says, in row-major order. */
export function emitScatterAdd(program: Program, kernel: ScatterAddKernel): void {
  const { shape, value, index, dtype, length } = kernel;
  const { map } = kernel.target;
  const output = kernel.inputs.length;
  const order = outputOrder(shape);
  program.single(false, (entry) => {
    const { f, target, buffers } = entry;
    f.push(buffers[output]!, 0, length * bytesPerElement(dtype));
    f.raw(op.fill, 0);
    const evaluation = new Evaluation(target, buffers, [index, value], order);
    evaluation.addMap(map, output, dtype);
    walk(entry, evaluation, order, null, () => {
      const added = evaluation.value(value);
      const { lanes, stride, address } = named(f, evaluation, index, kernel.target, output, dtype);
      const addAt = (place: Int, values: Lanes, count: number): void => {
        const old = load(f, dtype, place, 0, 1, count);
        store(f, dtype, place, binary(target, "add", dtype, old, values), count);
      };
      const add = (): void => {
        // Neighbours in memory under one index are added together.
        if (stride === 1 && isUniform(index, order.vector)) addAt(address(0), added, lanes.length);
        else for (const lane of lanes) addAt(address(lane), laneOf(f, added, lane), 1);
      };
      const valid = evaluation.valid(map);
      if (valid === 1) add();
      else if (valid !== 0) {
        f.push(valid);
        f.when(add);
      }
    });
  });
}

/** Whether the index is the same in all lanes. */
function isUniform(index: Expression, vector: number): boolean {
  return (
    vector >= 0 &&
    operandsFirst([index], operandsOf).every(
      (node) => !("map" in node) || (node.map.strides[vector] === 0 && node.map.mask === null),
    )
  );
}

/** One lane moved to the first. */
function laneOf(f: Entry["f"], value: Lanes, lane: number): Lanes {
  if (value.length === 2) {
    const part = value[lane >> 1]!;
    const moved = lane % 2 === 0 ? part : f.shuffle(part, part, [1, 1]);
    return [moved, moved];
  }
  return [lane === 0 ? value[0]! : f.shuffle(value[0]!, value[0]!, [lane, lane, lane, lane])];
}
