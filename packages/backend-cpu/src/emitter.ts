import type { TypedArray } from "@chainrule/core";

/**
 * A scalar operation, written twice: as JavaScript text for the code generator, and as a function for places where
 * text may not be compiled. A truth value is a JavaScript boolean in text and 0 or 1 in functions.
 */
export interface Operation {
  readonly text: (x: string, y: string, z: string) => string;
  readonly call: (x: number, y: number, z: number) => number;
}

/** Integers that a program is called with, besides its buffers. */
export type Parameters = readonly [
  batch: number,
  fromRow: number,
  toRow: number,
  fromColumn: number,
  toColumn: number,
];

/** A lowered kernel, or a part of one: buffers in the kernel's order, then parameters where it takes any. */
export type Program = (
  buffers: readonly TypedArray[],
  batch: number,
  fromRow: number,
  toRow: number,
  fromColumn: number,
  toColumn: number,
) => void;

/**
 * Where kernels are lowered to: statements are appended in the order of the calls, expressions are values of type
 * `E`. The two emitters, text and closures, run the same statements in the same order, hence give the same bits.
 */
export interface Emitter<E> {
  literal(value: number): E;
  truth(value: boolean): E;
  /** One of the integers that the program was called with. */
  parameter(position: number): E;
  apply(operation: Operation, x: E, y?: E, z?: E): E;
  /** `x` or `y`; only the chosen one is evaluated. */
  choose(condition: E, x: E, y: E): E;
  both(x: E, y: E): E;
  load(buffer: number, index: E): E;
  store(buffer: number, index: E, value: E): void;
  fill(buffer: number, value: number): void;
  /** Evaluates `value` here, once. */
  bind(value: E): E;
  /** Like `bind`, to be changed later by `assign`. */
  variable(value: E): E;
  assign(variable: E, value: E): void;
  /** Evaluates for the effect, which is a throw. */
  perform(operation: Operation, x: E, y: E): void;
  loop(from: E, to: E, step: number, body: (index: E) => void): void;
  when(condition: E, body: () => void): void;
  /** The program emitted so far. `scratch` are buffers bound after the `buffers` of the kernel. */
  finish(buffers: number, scratch: readonly TypedArray[]): Program;
}

/** Makes emitters of one kind; programs differ in the type of their expressions, callers do not care which. */
export interface EmitterKind {
  readonly mode: "codegen" | "interpreter";
  lower(emit: <E>(emitter: Emitter<E>) => void, buffers: number, scratch?: readonly TypedArray[]): Program;
}
