import type { Device } from "../backend/device.ts";
import type { Kernel } from "../backend/kernel.ts";
import { isAlias } from "../graph/node.ts";
import type { Dtype } from "../dtype.ts";
import { sameShape } from "../shape.ts";
import { spellOut } from "./concat.ts";
import { defineValues } from "./define.ts";
import { emit, type EmittedKernel } from "./emit.ts";
import { Fusion, type Group } from "./group.ts";
import { resolve, type LinearGraph } from "./linearize.ts";
import { Value } from "./value.ts";

/** A buffer that a plan needs while it runs. */
export interface Slot {
  readonly dtype: Dtype;
  readonly length: number;
}

/** A kernel of a plan, bound to places in the plan's table of buffers: leaves, then outputs, then slots. */
export interface PlannedKernel {
  readonly kernel: Kernel;
  readonly executable: unknown;
  readonly places: readonly number[];
  /** For each of them, the first element that the kernel is bound to. */
  readonly starts: readonly number[];
}

/** A graph turned into kernels: everything but the buffers. */
export interface Plan {
  readonly device: Device;
  readonly kernels: readonly PlannedKernel[];
  readonly leafCount: number;
  /** One for each root, in order; those updated in place are given the leaf's place instead. */
  readonly outputs: readonly (Slot & { readonly place: number })[];
  /** Buffers of intermediates, shared by those that never live at the same time. */
  readonly slots: readonly Slot[];
}

/**
 * For each root that is a variable's new value, the position of the leaf that it overwrites, −1 where the old value is
 * not read; null for other roots.
 */
export type Updates = readonly (number | null)[];

/** Equal computations become one value; the list keeps inputs before their users. */
function distinctValues(graph: LinearGraph, joins: boolean): { values: Value[]; roots: Value[] } {
  const values: Value[] = [];
  const known = new Map<string, Value>();
  const byNode: Value[] = [];
  let leaves = 0;
  for (const node of graph.nodes) {
    if (node.storage !== null) {
      const value = new Value(node, [], leaves++);
      byNode.push(value);
      values.push(value);
      continue;
    }
    const operands = isAlias(node.op) ? node.inputs.slice(0, 1) : node.inputs;
    let inputs = operands.map((input) => byNode[resolve(input).index]!);
    if (node.op === "reshape") {
      // What was reshaped before lies in the same order.
      while (!inputs[0]!.isLeaf && inputs[0]!.op === "reshape") inputs = [...inputs[0]!.inputs];
      if (sameShape(inputs[0]!.shape, node.shape)) {
        byNode.push(inputs[0]!);
        continue;
      }
    }
    const text = `${node.signature}:${inputs.map((input) => input.id).join()}`;
    let value = known.get(text);
    if (value === undefined) {
      value = new Value(node, inputs);
      if (node.op === "concat" && !joins) {
        values.push(...spellOut(value));
        value = values.at(-1)!;
      } else values.push(value);
      known.set(text, value);
    }
    byNode.push(value);
  }
  const roots = graph.positions.map((position) => {
    const made = byNode[position]!;
    // A reshaped root is the buffer of what it reshapes.
    const value = made.op === "reshape" && !made.isLeaf ? made.inputs[0]! : made;
    if (!value.isLeaf && !value.isRoot) {
      value.isRoot = value.stored = true;
      return value;
    }
    const copy = new Value({ op: "stopGradient", attributes: null, shape: value.shape, dtype: value.dtype }, [
      value,
    ]);
    copy.isRoot = copy.stored = true;
    values.push(copy);
    return copy;
  });
  return { values, roots };
}

/** Whether a group's kernel may refuse an index. */
const mayRefuse = (group: Group): boolean => group.kind === "gather" || group.kind === "scatterAdd";

/**
 * Groups in an order in which each comes after those it needs. Those that may refuse an index come as early as they
 * can: a refusal then finds nothing updated yet.
 */
function inOrder(groups: readonly Group[]): Group[] {
  const order = new Set<Group>();
  const visit = (first: Group): void => {
    const stack = [first];
    while (stack.length > 0) {
      const group = stack.at(-1)!;
      const missing = [...group.after].filter((before) => !order.has(before));
      if (missing.length > 0) stack.push(...missing.sort((x, y) => y.order - x.order));
      else order.add(stack.pop()!);
    }
  };
  for (const group of groups) if (mayRefuse(group)) visit(group);
  for (const group of groups) visit(group);
  return [...order];
}

/**
 * Decides for each root whether its kernel may write straight into its place. Where that is a variable's, nothing that
 * may refuse an index runs later, all other readers of the old elements can run before, and the kernel itself reads
 * them only at the index that it writes.
 */
function writesAtOnce(
  fusion: Fusion,
  roots: readonly Value[],
  updates: Updates,
  leaves: readonly Value[],
): boolean[] {
  const reads = new Map(fusion.groups.map((group) => [group, group.reads()]));
  const refusing = fusion.groups.filter(mayRefuse);
  return roots.map((root, i) => {
    if (updates[i] === null) return true;
    // Parts are written while others may still read the old elements.
    if (root.op === "concat") return false;
    const writer = fusion.groupOf(root);
    if (writer === undefined) return true;
    if (mayRefuse(writer) || refusing.some((group) => group.dependsOn(writer))) return false;
    const old = leaves[updates[i]!];
    if (old === undefined) return true;
    if (reads.get(writer)!.get(old)?.identity === false) return false;
    const readers = fusion.groups.filter((group) => group !== writer && reads.get(group)!.has(old));
    if (readers.some((reader) => reader.dependsOn(writer))) return false;
    for (const reader of readers) writer.runAfter(reader);
    return true;
  });
}

/** Gives intermediates their buffers: a slot is free again after the last kernel that reads it. */
class SlotPlanner {
  readonly slots: Slot[] = [];
  readonly #free: number[] = [];

  take(dtype: Dtype, length: number): number {
    let best = -1;
    for (const slot of this.#free) {
      const candidate = this.slots[slot]!;
      if (candidate.dtype !== dtype || candidate.length < length || candidate.length > 2 * length) continue;
      if (best < 0 || candidate.length < this.slots[best]!.length) best = slot;
    }
    if (best < 0) return this.slots.push({ dtype, length }) - 1;
    this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }
}

function copyKernel({ dtype, size }: Value): Kernel {
  const map = { offset: 0, strides: [1], mask: null };
  return {
    kind: "map",
    inputs: [dtype],
    outputs: [{ kind: "load", dtype, input: 0, map }],
    shape: [size],
    key: `copy ${dtype} ${size}`,
  };
}

/** Plans the computation of a graph's roots on a device. */
export function buildPlan(device: Device, graph: LinearGraph, updates: Updates): Plan {
  const joins = device.backend.view !== undefined;
  const { values, roots } = distinctValues(graph, joins);
  defineValues(values);
  const fusion = new Fusion(values, device.backend.capabilities.maxOutputs);
  const leaves = values.filter((value) => value.isLeaf);
  const atOnce = writesAtOnce(fusion, roots, updates, leaves);
  const emitted = inOrder(fusion.groups).map((group) => emit(group, joins));

  const leafCount = leaves.length;
  const placeOf = new Map<Value, number>(leaves.map((value) => [value, value.leaf]));
  const outputs = roots.map((root, i) => {
    const place = leaves[updates[i] ?? -1]?.leaf ?? leafCount + i;
    // A variable that must not be overwritten yet is computed into a slot and copied at the end.
    if (atOnce[i]) placeOf.set(root, place);
    return { dtype: root.dtype, length: root.size, place };
  });
  const copiedLater = roots.filter((root) => !placeOf.has(root) && root.size > 0);
  const slots = placeSlots(emitted, placeOf, leafCount + roots.length, new Set(copiedLater));
  const kernels = emitted.map(({ kernel, inputs, outputs: written }) => ({
    kernel,
    executable: device.executable(kernel),
    places: [...inputs, ...written].map(({ value }) => placeOf.get(value)!),
    starts: [...inputs, ...written].map(({ start }) => start),
  }));
  for (const root of copiedLater) {
    const kernel = copyKernel(root);
    const place = outputs[roots.indexOf(root)]!.place;
    const places = [placeOf.get(root)!, place];
    kernels.push({ kernel, executable: device.executable(kernel), places, starts: [0, 0] });
  }
  return { device, kernels, leafCount, outputs, slots };
}

function placeSlots(
  emitted: readonly EmittedKernel[],
  placeOf: Map<Value, number>,
  first: number,
  keep: ReadonlySet<Value>,
): Slot[] {
  const planner = new SlotPlanner();
  const lastUse = new Map<Value, number>();
  emitted.forEach(({ inputs, outputs }, step) => {
    for (const { value } of inputs) lastUse.set(value, step);
    // A part that nobody reads may be the last that is written.
    for (const { value } of outputs) if (lastUse.has(value)) lastUse.set(value, step);
  });
  const place = (value: Value): void => {
    if (!placeOf.has(value)) placeOf.set(value, first + planner.take(value.dtype, value.size));
  };
  emitted.forEach(({ inputs, outputs }, step) => {
    for (const { value } of outputs) place(value);
    // Values without elements have no kernel, but their readers are bound to something.
    for (const { value } of inputs) place(value);
    for (const value of new Set([...inputs, ...outputs].map((one) => one.value))) {
      if (lastUse.get(value) === step && placeOf.get(value)! >= first && !keep.has(value)) {
        planner.give(placeOf.get(value)! - first);
      }
    }
  });
  return planner.slots;
}
