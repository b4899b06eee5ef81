import type { TypedArray } from "@chainrule/core";
import type { Operation } from "./operation.ts";
import { position } from "./scalar.ts";

/** A lowered kernel, or a part of one. Only parts of a product look at the numbers. */
export type Program = (
  buffers: readonly TypedArray[],
  batch?: number,
  fromRow?: number,
  toRow?: number,
  fromColumn?: number,
  toColumn?: number,
) => void;

/**
 * Where kernels are lowered to: statements are appended in the order of the calls, expressions are values of type
 * `E`. The two emitters, text and closures, run the same statements in the same order, hence give the same bits.
 */
export abstract class Emitter<E> {
  abstract literal(value: number): E;
  abstract truth(value: boolean): E;
  /** One of the numbers that the program was called with. */
  abstract parameter(position: number): E;
  abstract apply(operation: Operation, x: E, y?: E, z?: E): E;
  /** `x` or `y`; only the chosen one is evaluated. */
  abstract choose(condition: E, x: E, y: E): E;
  abstract load(buffer: number, index: E): E;
  abstract store(buffer: number, index: E, value: E): void;
  abstract fill(buffer: number, value: number): void;
  /** Evaluates `value` here, once. */
  abstract bind(value: E): E;
  /** Like `bind`, to be changed later by `assign`. */
  abstract variable(value: E): E;
  abstract assign(variable: E, value: E): void;
  /** Evaluates for the effect, which is a throw. */
  abstract perform(operation: Operation, x: E, y: E): void;
  protected abstract range(from: E, to: E, step: number, body: (index: E) => void): void;
  abstract when(condition: E, body: () => void): void;
  /** The program emitted so far. `scratch` are buffers bound after the `buffers` of the kernel. */
  abstract finish(buffers: number, scratch: readonly TypedArray[]): Program;

  #operand(x: E | number): E {
    return typeof x === "number" ? this.literal(x) : x;
  }

  loop(from: E | number, to: E | number, step: number, body: (index: E) => void): void {
    this.range(this.#operand(from), this.#operand(to), step, body);
  }

  // Arithmetic on positions.
  plus(x: E, y: E | number): E {
    return y === 0 ? x : this.apply(position.add, x, this.#operand(y));
  }
  minus(x: E, y: E | number): E {
    return y === 0 ? x : this.apply(position.subtract, x, this.#operand(y));
  }
  times(x: E, y: number): E {
    return y === 1 ? x : this.apply(position.multiply, x, this.literal(y));
  }
  quotient(x: E, y: number): E {
    return this.apply(position.divide, x, this.literal(y));
  }
  remainder(x: E, y: number): E {
    return y === 1 ? this.literal(0) : this.apply(position.remainder, x, this.literal(y));
  }
  least(x: E, y: number): E {
    return this.apply(position.least, x, this.literal(y));
  }
}

/** A way to make programs; the two differ in the type of their expressions, callers do not care which. */
export interface EmitterKind {
  readonly mode: "codegen" | "interpreter";
  lower(emit: <E>(emitter: Emitter<E>) => void, buffers: number, scratch?: readonly TypedArray[]): Program;
}
