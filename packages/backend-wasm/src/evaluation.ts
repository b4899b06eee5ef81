import {
  bytesPerElement,
  contiguousMap,
  operandsFirst,
  operandsOf,
  type Dtype,
  type Expression,
  type IndexMap,
  type Kernel,
  type Range,
  type Shape,
} from "@chainrule/core";
import { binary, cast, unary } from "./arithmetic.ts";
import { select } from "./conversions.ts";
import { constant, type Lanes, load, loadOne, partsOf, store, truth } from "./lanes.ts";
import type { Index, Walker } from "./loops.ts";
import type { Target } from "./target.ts";
import { threefry } from "./threefry.ts";
import type { Int, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

/** A place in a buffer, in bytes, for one combination of strides. */
interface Pointer {
  readonly dtype: Dtype;
  /** Whether no combination of indices points below the buffer, so that offsets may be left to instructions. */
  readonly isForward: boolean;
  readonly strides: readonly number[];
  readonly places: { readonly base: Int; readonly constant: number }[];
}

interface Mask {
  readonly ranges: readonly Range[];
  readonly states: Int[];
}

/** What of a kernel says where its outputs go. */
export type KernelOutputs = Pick<Kernel, "inputs" | "outputs" | "shape" | "targets">;

/** What `result` stands for: something that gives the lanes when they are asked for. */
export type ResultSource = (lanes: number) => Lanes;

const isPowerOfTwo = (node: Expression): node is Expression & { kind: "const" } =>
  node.kind === "const" && node.value > 0 && (node.value & (node.value - 1)) === 0;

/** How an evaluation is entered: `axes` in the order of its loops, one of which may run over lanes. */
export interface Order {
  readonly sizes: Shape;
  readonly axes: readonly number[];
  /** The axis whose neighbours are computed together; −1 for none. */
  readonly vector: number;
}

const keyOf = ({ offset, strides }: IndexMap, buffer: number): string =>
  `${buffer} ${offset} ${strides.join()}`;

/**
 * Emits the values of expressions inside a nest of loops, each as far out as it can be computed. Call `enter` for
 * each axis of the order, `flush` once inside, and `leave` after it.
 */
export class Evaluation implements Walker {
  readonly #target: Target;
  readonly #buffers: readonly Local[];
  readonly #order: Order;
  readonly #levels: readonly number[];
  readonly #nodes: readonly Expression[];
  readonly #levelOf = new Map<Expression, number>();
  readonly #pointers = new Map<string, Pointer>();
  readonly #masks = new Map<string, Mask>();
  readonly #known = new Map<Expression, Lanes>();
  readonly #scopes: Expression[][] = [[]];
  readonly #result: ResultSource | null;
  #outputs: readonly { readonly output: Expression; readonly map: IndexMap; readonly buffer: number }[] = [];
  #lanes = 1;

  /**
   * `buffers` are the addresses of what the kernel is bound to. Maps of `roots` are known from the start; those that
   * `place`, `valid`, `masked` and `store` will be asked for are to be added before the first axis is entered.
   */
  constructor(
    target: Target,
    buffers: readonly Local[],
    roots: readonly Expression[],
    order: Order,
    result: ResultSource | null = null,
  ) {
    this.#target = target;
    this.#buffers = buffers;
    this.#order = order;
    this.#result = result;
    this.#levels = order.sizes.map((_, axis) => order.axes.indexOf(axis) + 1);
    this.#nodes = operandsFirst(roots, operandsOf);
    for (const node of this.#nodes) {
      let level = node.kind === "result" ? order.axes.length : 0;
      for (const child of operandsOf(node)) level = Math.max(level, this.#levelOf.get(child)!);
      if ("map" in node) {
        const isPlain = node.kind === "index" || node.kind === "random" || node.kind === "valid";
        level = Math.max(
          level,
          this.addMap(node.map, isPlain ? -1 : node.input, isPlain ? "bool" : node.dtype),
        );
      }
      this.#levelOf.set(node, level);
    }
  }

  /**
   * Makes the place of a map in a buffer known (−1: the position itself); gives the level at which it is known.
   * `isWithin` says that the buffer's address is that of its first element.
   */
  addMap(map: IndexMap, buffer: number, dtype: Dtype, isWithin = true): number {
    const { sizes } = this.#order;
    const key = keyOf(map, buffer);
    const strides = map.strides.map((stride, axis) => (sizes[axis] === 1 ? 0 : stride));
    if (!this.#pointers.has(key)) {
      const { f } = this.#target;
      const bytes = map.offset * bytesPerElement(dtype);
      const base = buffer < 0 ? map.offset : f.add(this.#buffers[buffer]!, bytes);
      const isForward = isWithin && map.offset >= 0 && strides.every((stride) => stride >= 0);
      this.#pointers.set(key, { dtype, isForward, strides, places: [{ base, constant: 0 }] });
    }
    this.#addMask(map.mask);
    let level = 0;
    strides.forEach((stride, axis) => {
      if (stride !== 0 || (sizes[axis] !== 1 && this.#isMasked(map, axis))) {
        level = Math.max(level, this.#levels[axis]!);
      }
    });
    return level;
  }

  #isMasked({ mask }: IndexMap, axis: number): boolean {
    return mask !== null && (mask[axis]![0] > 0 || mask[axis]![1] < this.#order.sizes[axis]!);
  }

  #addMask(ranges: readonly Range[] | null): void {
    if (ranges === null || this.#masks.has(ranges.join())) return;
    const { sizes } = this.#order;
    const inside = ranges.every(([low, high], axis) => sizes[axis] !== 1 || (low <= 0 && high >= 1));
    this.#masks.set(ranges.join(), { ranges, states: [inside ? 1 : 0] });
  }

  cuts(axis: number): readonly number[] {
    return [...this.#masks.values()].flatMap(({ ranges }) => ranges[axis] ?? []);
  }

  enter(axis: number, index: Index, range: Range, lanes = 1): void {
    const { f } = this.#target;
    const steps = new Map<number, Int>();
    if (axis === this.#order.vector) this.#lanes = lanes;
    for (const pointer of this.#pointers.values()) {
      const outer = pointer.places.at(-1)!;
      const bytes = pointer.strides[axis]! * bytesPerElement(pointer.dtype);
      if (bytes === 0) {
        pointer.places.push(outer);
        continue;
      }
      let { base } = outer;
      let constant = outer.constant + bytes * index.constant;
      if (index.base !== null) {
        let step = steps.get(bytes);
        if (step === undefined) steps.set(bytes, (step = f.scale(index.base, bytes)));
        base = f.add(base, step);
      }
      if (!pointer.isForward || constant > 2 ** 28) {
        base = f.add(base, constant);
        constant = 0;
      }
      pointer.places.push({ base, constant });
    }
    for (const mask of this.#masks.values()) mask.states.push(this.#state(mask, axis, index, range));
    this.#scopes.push([]);
  }

  #state({ ranges, states }: Mask, axis: number, index: Index, range: Range): Int {
    const { f } = this.#target;
    const outer = states.at(-1)!;
    const [low, high] = ranges[axis]!;
    if (outer === 0 || (range[0] >= low && range[1] <= high)) return outer;
    if (range[1] <= low || range[0] >= high) return 0;
    const i = f.add(index.base ?? 0, index.constant);
    const inside = f.i(op.ltU, f.sub(i, low), high - low);
    return outer === 1 ? inside : f.i(op.and, outer, inside);
  }

  leave(): void {
    for (const { places } of this.#pointers.values()) places.pop();
    for (const { states } of this.#masks.values()) states.pop();
    for (const node of this.#scopes.pop()!) this.#known.delete(node);
  }

  /** Computes what becomes known at this level. In the innermost loop `result` must be there first. */
  flush(): void {
    const level = this.#scopes.length - 1;
    for (const node of this.#nodes) {
      if (this.#levelOf.get(node) !== level || this.#known.has(node)) continue;
      this.#known.set(node, this.#compute(node));
      this.#scopes.at(-1)!.push(node);
    }
  }

  /** The value of a node at the present indices, computed by a `flush`. */
  value(node: Expression): Lanes {
    return this.#known.get(node)!;
  }

  /** Lanes that are computed together now. */
  get lanes(): number {
    return this.#lanes;
  }

  /** The address where `map` points in a buffer, and an offset to add to it. */
  place(
    map: IndexMap,
    buffer: number,
  ): { readonly base: Int; readonly constant: number; readonly stride: number } {
    const pointer = this.#pointers.get(keyOf(map, buffer))!;
    const { vector } = this.#order;
    return { ...pointer.places.at(-1)!, stride: vector < 0 ? 0 : pointer.strides[vector]! };
  }

  /** Whether the present indices are inside the mask of `map`: 0, 1 or a local. */
  valid({ mask }: IndexMap): Int {
    return mask === null ? 1 : this.#masks.get(mask.join())!.states.at(-1)!;
  }

  /** `value` where the map is valid, else 0. */
  masked(map: IndexMap, dtype: Dtype, value: () => Lanes): Lanes {
    const { f } = this.#target;
    const valid = this.valid(map);
    if (valid === 1) return value();
    const zeros = constant(f, dtype, 0);
    if (valid === 0) return zeros;
    const result = Array.from({ length: partsOf(dtype) }, (_, i) => f.v(op.vor, zeros[i]!, zeros[i]!));
    f.push(valid);
    f.when(() => value().forEach((part, i) => f.set(result[i]!, part)));
    return result;
  }

  /** The position that a map gives, in each lane. */
  position(map: IndexMap): Local {
    const { f } = this.#target;
    const { base, constant: more, stride } = this.place(map, -1);
    const first = f.add(base, more);
    const splat = typeof first === "number" ? f.i32(first) : f.v(op.i32x4splat, first);
    return stride === 0 || this.#lanes === 1
      ? splat
      : f.v(op.i32x4add, splat, f.i32(0, stride, 2 * stride, 3 * stride));
  }

  #compute(node: Expression): Lanes {
    const target = this.#target;
    const { f } = target;
    switch (node.kind) {
      case "load":
        return this.masked(node.map, node.dtype, () => {
          const { base, constant: offset, stride } = this.place(node.map, node.input);
          return load(f, node.dtype, base, offset, stride, this.#lanes);
        });
      case "const":
        return constant(f, node.dtype, node.value);
      case "index":
        return this.masked(node.map, "int32", () => [this.position(node.map)]);
      case "random":
        return this.masked(node.map, "int32", () => {
          const key = this.#buffers[node.input]!;
          const [k0] = loadOne(f, "int32", key);
          const [k1] = loadOne(f, "int32", key, 4);
          return [threefry(target, k0!, k1!, this.position(node.map))];
        });
      case "valid":
        return [truth(f, this.valid(node.map))];
      case "unary":
        return unary(target, node.op, node.dtype, this.value(node.x));
      case "cast":
        return cast(target, node.x.dtype, node.dtype, this.value(node.x));
      case "binary":
        if (node.op === "mod" && node.dtype === "int32" && isPowerOfTwo(node.y)) {
          // What random numbers are cut down with.
          return [f.v(op.vand, this.value(node.x)[0]!, f.i32(node.y.value - 1))];
        }
        return binary(target, node.op, node.x.dtype, this.value(node.x), this.value(node.y));
      case "where":
        return select(f, this.value(node.condition)[0]!, this.value(node.x), this.value(node.y));
      case "result":
        return this.#result!(this.#lanes);
    }
  }

  /** Makes known where a kernel's outputs are stored. */
  addOutputs({ outputs, inputs, targets, shape }: KernelOutputs): void {
    const whole = contiguousMap(shape);
    this.#outputs = outputs.map((output, i) => {
      const [map, buffer] = [targets?.[i] ?? whole, inputs.length + i];
      this.addMap(map, buffer, output.dtype);
      return { output, map, buffer };
    });
  }

  /** Stores the outputs at the present index, each to its own buffer; all are there before the first is stored. */
  store(): void {
    const { f } = this.#target;
    for (const { output, map, buffer } of this.#outputs) {
      const { base, constant: offset } = this.place(map, buffer);
      store(f, output.dtype, base, this.value(output), this.#lanes, offset);
    }
  }
}
