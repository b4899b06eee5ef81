import type { Dtype, Expression, IndexMap, Range, Shape } from "@chainrule/core";
import type { Emitter } from "./emitter.ts";
import { binaryOperation, castOperation, position, random, truth, unaryOperation } from "./scalar.ts";

/** What only lowering needs beside the kernel's expressions. */
export type Node =
  | Expression
  /** A checked index, as a distance in elements. */
  | {
      readonly kind: "position";
      readonly dtype: "int32";
      readonly index: Node;
      readonly stride: number;
      readonly size: number;
    }
  /** The element at a map's position plus `position`. */
  | {
      readonly kind: "take";
      readonly dtype: Dtype;
      readonly input: number;
      readonly map: IndexMap;
      readonly position: Node;
    };

/** An index or a place in a buffer: what varies plus what is known now. */
export interface Place<E> {
  readonly base: E | null;
  readonly constant: number;
}

/** How far into the nest an expression must be computed, and who asks for it. */
interface Use {
  level: number;
  uses: number;
  /** Nodes below this one that are computed inline with it. */
  depth: number;
  anchored: boolean;
}

/** A stack of values of one quantity, one for each loop entered. */
interface Pointer<E> {
  readonly strides: readonly number[];
  readonly places: Place<E>[];
}

interface Mask<E> {
  readonly ranges: readonly Range[];
  readonly states: (E | boolean)[];
}

/** Longer inline chains would nest text and closures too deeply. */
const maxInlineDepth = 24;

const childrenOf = (node: Node, result: Node | null): readonly Node[] => {
  switch (node.kind) {
    case "result":
      return result ? [result] : [];
    case "unary":
    case "cast":
      return [node.x];
    case "binary":
      return [node.x, node.y];
    case "where":
      return [node.condition, node.x, node.y];
    case "position":
      return [node.index];
    case "take":
      return [node.position];
    default:
      return [];
  }
};

/**
 * Emits the values of expressions inside a nest of loops, each as far out as it can be computed: a value waits only
 * for the axes that its maps depend on. Call `enter` for each loop in the given order, `flush` once inside it, and
 * `leave` after it.
 */
export class Evaluation<E> {
  readonly #emitter: Emitter<E>;
  readonly #sizes: Shape;
  readonly #levels: readonly number[];
  readonly #depth: number;
  readonly #nodes: Node[] = [];
  readonly #uses = new Map<Node, Use>();
  readonly #pointers = new Map<string, Pointer<E>>();
  readonly #masks = new Map<string, Mask<E>>();
  /** Values bound so far, and for each loop entered the nodes that were bound inside it. */
  readonly #known = new Map<Node, E>();
  readonly #scopes: Node[][] = [[]];
  readonly #pointerOf = new Map<IndexMap, Pointer<E>>();
  readonly #maskOf = new Map<IndexMap, Mask<E> | null>();
  readonly #keys = new Map<number, readonly [E, E]>();
  /** What `result` nodes stand for: a node, or else a value that is set before the innermost `flush`. */
  readonly #result: Node | null;
  result: E | null = null;

  /**
   * `roots` are what will be asked for inside all loops, `maps` what addresses will be; `order` lists the axes as
   * they are entered, those of size 1 left out. Where `result` is given, `result` nodes stand for it.
   */
  constructor(
    emitter: Emitter<E>,
    roots: readonly Node[],
    maps: readonly IndexMap[],
    sizes: Shape,
    order: readonly number[],
    result: Node | null = null,
  ) {
    this.#emitter = emitter;
    this.#result = result;
    this.#sizes = sizes;
    this.#levels = sizes.map((_, axis) => order.indexOf(axis) + 1);
    this.#depth = order.length;
    for (const map of maps) this.#addMap(map);
    for (const root of roots) this.#collect(root);
    for (const root of roots) {
      const use = this.#uses.get(root)!;
      use.uses++;
      if (use.level < order.length) use.anchored = true;
    }
    for (const node of this.#nodes) {
      const { level } = this.#uses.get(node)!;
      for (const child of childrenOf(node, this.#result)) {
        const use = this.#uses.get(child)!;
        use.uses++;
        if (use.level < level) use.anchored = true;
      }
    }
    for (const [node, use] of this.#uses) {
      if (node.kind === "const" || node.kind === "result") use.anchored = false;
      else if (use.uses > 1 || node.kind === "position" || node.kind === "random") use.anchored = true;
    }
  }

  /** Nodes in an order where operands come first; without recursion, since chains may be long. */
  #collect(root: Node): void {
    const pending: Node[] = [root];
    while (pending.length > 0) {
      const node = pending.at(-1)!;
      if (this.#uses.has(node)) {
        pending.pop();
        continue;
      }
      const missing = childrenOf(node, this.#result).filter((child) => !this.#uses.has(child));
      if (missing.length > 0) {
        pending.push(...missing);
        continue;
      }
      pending.pop();
      this.#nodes.push(node);
      let level = node.kind === "result" ? this.#depth : 0;
      let depth = 1;
      for (const child of childrenOf(node, this.#result)) {
        const use = this.#uses.get(child)!;
        level = Math.max(level, use.level);
        depth = Math.max(depth, use.depth + 1);
      }
      if ("map" in node) level = Math.max(level, this.#addMap(node.map));
      const long = depth > maxInlineDepth;
      this.#uses.set(node, { level, uses: 0, depth: long ? 1 : depth, anchored: long });
    }
  }

  /** Makes a map known; gives the level at which its place and its mask are known. */
  #addMap(map: IndexMap): number {
    const strides = map.strides.map((stride, axis) => (this.#sizes[axis] === 1 ? 0 : stride));
    const key = strides.join();
    let pointer = this.#pointers.get(key);
    if (!pointer) this.#pointers.set(key, (pointer = { strides, places: [{ base: null, constant: 0 }] }));
    this.#pointerOf.set(map, pointer);
    this.#maskOf.set(map, this.#addMask(map.mask));
    let level = 0;
    strides.forEach((stride, axis) => {
      if (stride !== 0 || (this.#sizes[axis] !== 1 && this.#isMasked(map, axis))) {
        level = Math.max(level, this.#levels[axis]!);
      }
    });
    return level;
  }

  #isMasked({ mask }: IndexMap, axis: number): boolean {
    return mask !== null && (mask[axis]![0] > 0 || mask[axis]![1] < this.#sizes[axis]!);
  }

  #addMask(ranges: readonly Range[] | null): Mask<E> | null {
    if (ranges === null) return null;
    const key = ranges.join();
    let mask = this.#masks.get(key);
    if (!mask) {
      const inside = ranges.every(([low, high], axis) => this.#sizes[axis] !== 1 || (low <= 0 && high >= 1));
      this.#masks.set(key, (mask = { ranges, states: [inside] }));
    }
    return mask;
  }

  /** The parts of `axis` in which no mask changes, in order; one part where there would be many. */
  parts(axis: number): readonly Range[] {
    const size = this.#sizes[axis]!;
    const cuts = new Set([0, size]);
    for (const { ranges } of this.#masks.values()) {
      for (const cut of ranges[axis]!) if (cut > 0 && cut < size) cuts.add(cut);
    }
    if (cuts.size > 6) return [[0, size]];
    const sorted = [...cuts].sort((a, b) => a - b);
    return sorted.slice(1).map((cut, i): Range => [sorted[i]!, cut]);
  }

  /** Inside a loop over `axis` now, whose index is somewhere in `range`. */
  enter(axis: number, index: Place<E>, range: Range): void {
    const emitter = this.#emitter;
    for (const { strides, places } of this.#pointers.values()) {
      const outer = places.at(-1)!;
      const stride = strides[axis]!;
      const constant = outer.constant + stride * index.constant;
      if (stride === 0 || index.base === null) {
        places.push({ base: outer.base, constant });
        continue;
      }
      const step =
        stride === 1 ? index.base : emitter.apply(position.multiply, index.base, emitter.literal(stride));
      const base = outer.base === null ? step : emitter.apply(position.add, outer.base, step);
      places.push({ base: base === index.base ? base : emitter.bind(base), constant });
    }
    for (const { ranges, states } of this.#masks.values()) {
      const outer = states.at(-1)!;
      const [low, high] = ranges[axis]!;
      if (outer === false || (range[0] >= low && range[1] <= high)) {
        states.push(outer);
      } else if (range[1] <= low || range[0] >= high) {
        states.push(false);
      } else {
        const i = this.toValue(index);
        let state: E | boolean = outer;
        const also = (test: E): void => {
          state = state === true ? test : emitter.both(state as E, test);
        };
        if (low > range[0]) also(emitter.apply(position.notBelow, i, emitter.literal(low)));
        if (high < range[1]) also(emitter.apply(position.below, i, emitter.literal(high)));
        states.push(emitter.bind(state as E));
      }
    }
    this.#scopes.push([]);
  }

  leave(): void {
    for (const { places } of this.#pointers.values()) places.pop();
    for (const { states } of this.#masks.values()) states.pop();
    for (const node of this.#scopes.pop()!) this.#known.delete(node);
  }

  /**
   * Computes what can be computed at this level and is wanted further in, or more than once. In the innermost loop
   * `result` must be there first.
   */
  flush(): void {
    const level = this.#scopes.length - 1;
    for (const node of this.#nodes) {
      if (level === 0 && node.kind === "random") this.#key(node.input);
      const use = this.#uses.get(node)!;
      if (use.anchored && use.level === level) this.value(node);
    }
  }

  toValue({ base, constant }: Place<E>): E {
    if (base === null) return this.#emitter.literal(constant);
    return constant === 0 ? base : this.#emitter.apply(position.add, base, this.#emitter.literal(constant));
  }

  /** Where `map` points at the present indices, unmasked. */
  address(map: IndexMap): E {
    const { base, constant } = this.#pointerOf.get(map)!.places.at(-1)!;
    return this.toValue({ base, constant: constant + map.offset });
  }

  /** Whether the present indices are inside the mask of `map`. */
  valid(map: IndexMap): E | boolean {
    return this.#maskOf.get(map)?.states.at(-1) ?? true;
  }

  #masked(map: IndexMap, zero: () => E, value: () => E): E {
    const valid = this.valid(map);
    if (valid === true) return value();
    return valid === false ? zero() : this.#emitter.choose(valid, value(), zero());
  }

  /** The value of a node at the present indices. */
  value(node: Node): E {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const value = this.#compute(node);
    if (!this.#uses.get(node)!.anchored) return value;
    const bound = this.#emitter.bind(value);
    this.#known.set(node, bound);
    this.#scopes.at(-1)!.push(node);
    return bound;
  }

  #key(input: number): readonly [E, E] {
    let key = this.#keys.get(input);
    if (!key) {
      const emitter = this.#emitter;
      const word = (i: number): E => emitter.bind(emitter.load(input, emitter.literal(i)));
      this.#keys.set(input, (key = [word(0), word(1)]));
    }
    return key;
  }

  #compute(node: Node): E {
    const emitter = this.#emitter;
    const zero = (): E => (node.dtype === "bool" ? emitter.truth(false) : emitter.literal(0));
    const element = (input: number, at: E): E => {
      const value = emitter.load(input, at);
      return node.dtype === "bool" ? emitter.apply(truth.load, value) : value;
    };
    switch (node.kind) {
      case "load":
        return this.#masked(node.map, zero, () => element(node.input, this.address(node.map)));
      case "take":
        return this.#masked(node.map, zero, () =>
          element(node.input, emitter.apply(position.add, this.value(node.position), this.address(node.map))),
        );
      case "const":
        if (node.dtype === "bool") return emitter.truth(node.value !== 0);
        return emitter.literal(node.dtype === "float32" ? Math.fround(node.value) : node.value);
      case "index":
        return this.#masked(node.map, zero, () => this.address(node.map));
      case "random":
        return this.#masked(node.map, zero, () =>
          emitter.apply(random, ...this.#key(node.input), this.address(node.map)),
        );
      case "valid": {
        const valid = this.valid(node.map);
        return typeof valid === "boolean" ? emitter.truth(valid) : valid;
      }
      case "unary":
        return emitter.apply(unaryOperation(node.op, node.dtype), this.value(node.x));
      case "cast":
        return emitter.apply(castOperation(node.x.dtype, node.dtype), this.value(node.x));
      case "binary":
        return emitter.apply(binaryOperation(node.op, node.x.dtype), this.value(node.x), this.value(node.y));
      case "where":
        return emitter.choose(this.value(node.condition), this.value(node.x), this.value(node.y));
      case "position": {
        const index = emitter.bind(this.value(node.index));
        emitter.perform(position.checked, index, emitter.literal(node.size));
        return node.stride === 1
          ? index
          : emitter.apply(position.multiply, index, emitter.literal(node.stride));
      }
      case "result":
        return this.#result ? this.value(this.#result) : this.result!;
    }
  }
}
