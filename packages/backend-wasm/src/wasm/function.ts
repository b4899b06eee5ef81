import { signed, unsigned } from "./bytes.ts";
import * as op from "./opcodes.ts";
import { i32, v128, type ValueType } from "./types.ts";

const prefixes = [0, 0xfd, 0xfe, 0xfc];

/** A local variable of a function. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** An int32 that is known now, or a local that holds it. */
export type Int = number | Local;

/** What can be called: a function of the module, an import, or one that is still being written. */
export interface Callable {
  readonly params: readonly ValueType[];
  readonly result: ValueType | null;
  /** Its number in the module, known when the module is assembled. */
  index: number;
}

/**
 * The body of a function as it is written. Each operation leaves its result in a local of its own: the engine that
 * compiles the module undoes that, and whoever emits code needs no stack discipline.
 */
export class Func<const P extends readonly ValueType[] = readonly ValueType[]> implements Callable {
  readonly params: P;
  /** The parameters as locals. */
  readonly args: { readonly [I in keyof P]: Local };
  readonly result: ValueType | null;
  index = -1;
  readonly #code: (number | Callable)[] = [];
  readonly #prologue: number[] = [];
  readonly #locals: ValueType[] = [];
  readonly #free = new Map<ValueType, Local[]>();
  readonly #constants = new Map<string, Local>();
  #scope: Local[] | null = null;

  constructor(params: P, result: ValueType | null = null) {
    this.params = params;
    this.args = params.map((type, index) => ({ index, type })) as typeof this.args;
    this.result = result;
  }

  local(type: ValueType): Local {
    let local = this.#free.get(type)?.pop();
    local ??= { index: this.params.length + this.#locals.push(type) - 1, type };
    this.#scope?.push(local);
    return local;
  }

  /** Locals made by `body` are free for reuse after it. */
  scope(body: () => void): void {
    const outer = this.#scope;
    const own: Local[] = (this.#scope = []);
    body();
    this.#scope = outer;
    for (const local of own) {
      const free = this.#free.get(local.type);
      if (free) free.push(local);
      else this.#free.set(local.type, [local]);
    }
  }

  push(...values: readonly Int[]): void {
    for (const value of values) {
      if (typeof value === "number") this.#code.push(op.constI32, ...signed(value));
      else this.#code.push(op.get, ...unsigned(value.index));
    }
  }

  /** An instruction whose operands are on the stack, with its immediate bytes. */
  raw(code: number, ...immediates: readonly number[]): void {
    if (code > 0xff) this.#code.push(prefixes[code >> 9]!, ...unsigned(code & 0x1ff), ...immediates);
    else this.#code.push(code, ...immediates);
  }

  set(target: Local, value?: Int): void {
    if (value === target) return;
    if (value !== undefined) this.push(value);
    this.#code.push(op.set, ...unsigned(target.index));
  }

  /** What is on the stack, in a new local. */
  bind(type: ValueType): Local {
    const local = this.local(type);
    this.set(local);
    return local;
  }

  /** An operation on vectors. */
  v(code: number, ...operands: readonly Int[]): Local {
    this.push(...operands);
    this.raw(code);
    return this.bind(v128);
  }

  /** An operation that gives an int32. */
  i(code: number, ...operands: readonly Int[]): Local {
    this.push(...operands);
    this.raw(code);
    return this.bind(i32);
  }

  /** Vector operations with a lane or a shift beside their operands. */
  lane(code: number, lane: number, type: ValueType, ...operands: readonly Int[]): Local {
    this.push(...operands);
    this.raw(code, lane);
    return this.bind(type);
  }

  shuffle(x: Local, y: Local, words: readonly number[]): Local {
    const size = 16 / words.length;
    this.push(x, y);
    this.raw(op.shuffle, ...words.flatMap((word) => Array.from({ length: size }, (_, i) => word * size + i)));
    return this.bind(v128);
  }

  /** A load; the address is `address + offset`, both unsigned. */
  load(code: number, address: Int, offset = 0, type: ValueType = i32): Local {
    this.push(address);
    this.memory(code, offset);
    return this.bind(type);
  }

  loadLane(code: number, address: Int, offset: number, vector: Local, lane: number): Local {
    this.push(address, vector);
    this.memory(code, offset, lane);
    return this.bind(v128);
  }

  store(code: number, address: Int, value: Int, offset = 0): void {
    this.push(address, value);
    this.memory(code, offset);
  }

  storeLane(code: number, address: Int, value: Local, offset: number, lane: number): void {
    this.push(address, value);
    this.memory(code, offset, lane);
  }

  /** An instruction on memory, its operands on the stack. Alignment is a hint only, but for atomics. */
  memory(code: number, offset: number, ...lane: readonly number[]): void {
    this.raw(code, code >> 9 === 2 ? 2 : 0, ...unsigned(offset), ...lane);
  }

  /** A vector constant, made once a call. */
  constant(lanes: Float32Array | Float64Array | Int32Array): Local {
    const bytes = new Uint8Array(lanes.buffer);
    const key = bytes.join();
    let local = this.#constants.get(key);
    if (local === undefined) {
      local = { index: this.params.length + this.#locals.push(v128) - 1, type: v128 };
      this.#constants.set(key, local);
      this.#prologue.push(0xfd, op.vconst & 0x1ff, ...bytes, op.set, ...unsigned(local.index));
    }
    return local;
  }

  f32(value: number): Local {
    return this.constant(new Float32Array(4).fill(value));
  }

  f64(value: number): Local {
    return this.constant(new Float64Array(2).fill(value));
  }

  i32(...values: readonly number[]): Local {
    return this.constant(values.length === 1 ? new Int32Array(4).fill(values[0]!) : Int32Array.from(values));
  }

  call(target: Callable, ...operands: readonly Int[]): Local | null {
    this.push(...operands);
    this.#code.push(op.call, target);
    return target.result === null ? null : this.bind(target.result);
  }

  /** x + y, folded where it is known. */
  add(x: Int, y: Int): Int {
    if (typeof x === "number")
      return typeof y === "number" ? (x + y) | 0 : x === 0 ? y : this.i(op.add, y, x);
    return y === 0 ? x : this.i(op.add, x, y);
  }

  sub(x: Int, y: Int): Int {
    if (typeof y === "number") return this.add(x, -y);
    return this.i(op.sub, x, y);
  }

  /** x · factor, folded where it is known. */
  scale(x: Int, factor: number): Int {
    if (typeof x === "number") return Math.imul(x, factor);
    if (factor === 1) return x;
    if (factor === 0) return 0;
    const bits = Math.log2(factor);
    return Number.isInteger(bits) ? this.i(op.shl, x, bits) : this.i(op.mul, x, factor);
  }

  min(x: Int, y: Int): Int {
    if (typeof x === "number" && typeof y === "number") return Math.min(x, y);
    const least = this.local(i32);
    this.set(least, x);
    this.push(y);
    this.push(least);
    this.raw(op.ltS);
    this.when(() => this.set(least, y));
    return least;
  }

  /** `body` where the condition on the stack is not 0. */
  when(body: () => void, otherwise?: () => void): void {
    this.raw(op.when, 0x40);
    body();
    if (otherwise) {
      this.raw(op.otherwise);
      otherwise();
    }
    this.raw(op.end);
  }

  /** `body` for i = from, from + step, … below `to`. */
  loop(from: Int, to: Int, step: number, body: (i: Local) => void): void {
    if (typeof from === "number" && typeof to === "number" && from >= to) return;
    const i = this.local(i32);
    this.set(i, from);
    const isCertain = typeof from === "number" && typeof to === "number";
    const run = (): void => {
      this.raw(op.loop, 0x40);
      this.scope(() => body(i));
      this.push(i, step);
      this.raw(op.add);
      this.set(i);
      this.push(i, to);
      this.raw(op.ltS);
      this.raw(op.brIf, 0);
      this.raw(op.end);
    };
    if (isCertain) return run();
    this.push(i, to);
    this.raw(op.ltS);
    this.when(run);
  }

  /** Gives `value` to the caller. */
  return(...value: readonly Int[]): void {
    this.push(...value);
    this.raw(op.giveBack);
  }

  /** The function as the code section holds it. */
  assemble(): number[] {
    const groups: number[][] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.[1] === type) last[0]!++;
      else groups.push([1, type]);
    }
    const body = [...unsigned(groups.length)];
    for (const [count, type] of groups) body.push(...unsigned(count!), type!);
    for (const byte of this.#prologue) body.push(byte);
    for (const item of this.#code) {
      if (typeof item === "number") body.push(item);
      else body.push(...unsigned(item.index));
    }
    body.push(op.end);
    return body;
  }
}
