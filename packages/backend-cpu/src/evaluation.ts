import { partsOfAxis, type IndexMap, type Range, type Shape } from "@chainrule/core";
import { analyse, type Node, type Step } from "./analysis.ts";
import type { Emitter } from "./emitter.ts";
import {
  and,
  atLeast,
  below,
  binaryOperation,
  bitAnd,
  castOperation,
  checked,
  fromBool,
  random,
  toBool,
  unaryOperation,
} from "./scalar.ts";

/** An index, or a place in a buffer: what varies (null for nothing) plus what is known now. */
export interface Place<E> {
  readonly base: E | null;
  readonly constant: number;
}

/** The places of all maps with these strides, offsets left out: one for each loop entered. */
interface Pointer<E> {
  readonly strides: readonly number[];
  readonly places: Place<E>[];
}

/** Whether all maps with these masks are inside: one answer for each loop entered, some of them known now. */
interface Mask<E> {
  readonly ranges: readonly Range[];
  readonly states: (E | boolean)[];
}

const isPowerOf2 = (value: number): boolean => (value & (value - 1)) === 0;

/**
 * Emits the values of expressions inside a nest of loops, each as far out as it can be computed. Call `enter` for
 * each loop in the given order, `flush` once inside it, and `leave` after it.
 */
export class Evaluation<E> {
  readonly #emitter: Emitter<E>;
  readonly #sizes: Shape;
  readonly #steps: ReadonlyMap<Node, Step>;
  readonly #pointers = new Map<string, Pointer<E>>();
  readonly #masks = new Map<string, Mask<E>>();
  readonly #pointerOf = new Map<IndexMap, Pointer<E>>();
  readonly #maskOf = new Map<IndexMap, Mask<E>>();
  readonly #keys = new Map<number, readonly [E, E]>();
  /** Values kept so far, and for each loop entered the nodes that were kept inside it. */
  readonly #kept = new Map<Node, E>();
  readonly #scopes: Node[][] = [[]];
  readonly #result: Node | null;
  /** What `result` nodes stand for, unless a node was given for them; set it before the innermost `flush`. */
  result: E | null = null;

  /**
   * `roots` are what will be asked for inside all loops, `maps` what places will be; `order` lists the axes as they
   * are entered, those of size 1 left out.
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
    this.#sizes = sizes;
    this.#result = result;
    for (const map of maps) this.#addMap(map, order);
    this.#steps = analyse(roots, result, order.length, (map) => this.#addMap(map, order));
  }

  /** Makes a map known; gives the number of loops after which its place and its mask are known. */
  #addMap(map: IndexMap, order: readonly number[]): number {
    const sizes = this.#sizes;
    const strides = map.strides.map((stride, axis) => (sizes[axis] === 1 ? 0 : stride));
    let key = strides.join();
    let pointer = this.#pointers.get(key);
    if (!pointer) this.#pointers.set(key, (pointer = { strides, places: [{ base: null, constant: 0 }] }));
    this.#pointerOf.set(map, pointer);
    const ranges = map.mask;
    if (ranges) {
      key = ranges.join();
      let mask = this.#masks.get(key);
      if (!mask) {
        const inside = ranges.every(([low, high], axis) => sizes[axis] !== 1 || (low <= 0 && high >= 1));
        this.#masks.set(key, (mask = { ranges, states: [inside] }));
      }
      this.#maskOf.set(map, mask);
    }
    let level = order.length;
    const dependsOn = (axis: number): boolean =>
      strides[axis] !== 0 || (!!ranges && (ranges[axis]![0] > 0 || ranges[axis]![1] < sizes[axis]!));
    while (level > 0 && !dependsOn(order[level - 1]!)) level--;
    return level;
  }

  /** The parts of `axis` in which no mask changes, in order; one part where there would be many. */
  parts(axis: number): readonly Range[] {
    const size = this.#sizes[axis]!;
    const cuts = [...this.#masks.values()].flatMap(({ ranges }) => ranges[axis]!);
    return partsOfAxis(size, cuts) ?? [[0, size]];
  }

  /** Inside a loop over `axis` from now on, with an index somewhere in `range`. */
  enter(axis: number, index: Place<E>, range: Range): void {
    const emitter = this.#emitter;
    for (const { strides, places } of this.#pointers.values()) {
      let { base, constant } = places.at(-1)!;
      const stride = strides[axis]!;
      constant += stride * index.constant;
      if (stride !== 0 && index.base !== null) {
        const step = emitter.times(index.base, stride);
        if (base !== null) base = emitter.bind(emitter.plus(base, step));
        else base = stride === 1 ? step : emitter.bind(step);
      }
      places.push({ base, constant });
    }
    for (const { ranges, states } of this.#masks.values()) {
      let state = states.at(-1) as E | boolean;
      const [low, high] = ranges[axis]!;
      if (range[1] <= low || range[0] >= high) state = false;
      if (state !== false && (low > range[0] || high < range[1])) {
        const i = this.#value(index);
        const also = (test: E): void => {
          state = state === true ? test : emitter.apply(and, state as E, test);
        };
        if (low > range[0]) also(emitter.apply(atLeast, i, emitter.literal(low)));
        if (high < range[1]) also(emitter.apply(below, i, emitter.literal(high)));
        state = emitter.bind(state as E);
      }
      states.push(state);
    }
    this.#scopes.push([]);
  }

  leave(): void {
    for (const { places } of this.#pointers.values()) places.pop();
    for (const { states } of this.#masks.values()) states.pop();
    for (const node of this.#scopes.pop()!) this.#kept.delete(node);
  }

  /** Computes what is to be kept of this level; in the innermost loop `result` must be there first. */
  flush(): void {
    const level = this.#scopes.length - 1;
    for (const step of this.#steps.values()) {
      if (level === 0 && step.node.kind === "random") this.#key(step.node.input);
      if (step.isKept && step.level === level) this.value(step.node);
    }
  }

  #value({ base, constant }: Place<E>): E {
    return base === null ? this.#emitter.literal(constant) : this.#emitter.plus(base, constant);
  }

  /** Where `map` points at the present indices, masked or not. */
  address(map: IndexMap): E {
    const { base, constant } = this.#pointerOf.get(map)!.places.at(-1)!;
    return this.#value({ base, constant: constant + map.offset });
  }

  /** Whether the present indices are inside the mask of `map`. */
  valid(map: IndexMap): E | boolean {
    return this.#maskOf.get(map)?.states.at(-1) ?? true;
  }

  /** An element of a buffer as a value of its dtype. */
  element(buffer: number, index: E, isBool: boolean): E {
    const value = this.#emitter.load(buffer, index);
    return isBool ? this.#emitter.apply(toBool, value) : value;
  }

  /** Stores a value of whatever dtype. */
  store(buffer: number, index: E, value: E, isBool: boolean): void {
    this.#emitter.store(buffer, index, isBool ? this.#emitter.apply(fromBool, value) : value);
  }

  /** The value of a node at the present indices. */
  value(node: Node): E {
    const known = this.#kept.get(node);
    if (known !== undefined) return known;
    const value = this.#compute(node);
    if (!this.#steps.get(node)!.isKept) return value;
    const kept = this.#emitter.bind(value);
    this.#kept.set(node, kept);
    this.#scopes.at(-1)!.push(node);
    return kept;
  }

  /** The key of random numbers, loaded outside all loops. */
  #key(input: number): readonly [E, E] {
    let key = this.#keys.get(input);
    if (!key) {
      const word = (i: number): E => this.#emitter.bind(this.#emitter.load(input, this.#emitter.literal(i)));
      this.#keys.set(input, (key = [word(0), word(1)]));
    }
    return key;
  }

  #compute(node: Node): E {
    const emitter = this.#emitter;
    const isBool = node.dtype === "bool";
    const masked = (map: IndexMap, value: () => E): E => {
      const valid = this.valid(map);
      if (valid === true) return value();
      const zero = isBool ? emitter.truth(false) : emitter.literal(0);
      return valid === false ? zero : emitter.choose(valid, value(), zero);
    };
    switch (node.kind) {
      case "load":
        return masked(node.map, () => this.element(node.input, this.address(node.map), isBool));
      case "take":
        return masked(node.map, () =>
          this.element(node.input, emitter.plus(this.value(node.position), this.address(node.map)), isBool),
        );
      case "const":
        if (isBool) return emitter.truth(node.value !== 0);
        return emitter.literal(castOperation("float64", node.dtype).call(node.value, 0, 0));
      case "index":
        return masked(node.map, () => this.address(node.map));
      case "random":
        return masked(node.map, () =>
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
      case "binary": {
        const { x, y, op } = node;
        const isMask =
          op === "mod" && x.dtype === "int32" && y.kind === "const" && y.value > 0 && isPowerOf2(y.value);
        if (isMask) return emitter.apply(bitAnd, this.value(x), emitter.literal(y.value - 1));
        return emitter.apply(binaryOperation(op, x.dtype), this.value(x), this.value(y));
      }
      case "where":
        return emitter.choose(this.value(node.condition), this.value(node.x), this.value(node.y));
      case "position": {
        const index = emitter.bind(this.value(node.index));
        emitter.perform(checked, index, emitter.literal(node.size));
        return emitter.times(index, node.stride);
      }
      case "result":
        return this.#result ? this.value(this.#result) : this.result!;
    }
  }
}
