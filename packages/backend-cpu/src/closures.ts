import type { TypedArray } from "@chainrule/core";
import { Emitter, type EmitterKind, type Program } from "./emitter.ts";
import type { Operation } from "./operation.ts";

type Thunk = () => number;
type Statement = () => void;

function sequence(statements: readonly Statement[]): Statement {
  const [first, second] = statements;
  if (first && statements.length === 1) return first;
  if (first && second && statements.length === 2) {
    return () => {
      first();
      second();
    };
  }
  return () => {
    for (let i = 0; i < statements.length; i++) statements[i]!();
  };
}

/** Builds a kernel as a tree of closures over one array of registers, the first of which are the parameters. */
class ClosureEmitter extends Emitter<Thunk> {
  readonly #registers: number[] = [0, 0, 0, 0, 0];
  readonly #slots = new Map<Thunk, number>();
  readonly #buffers: TypedArray[] = [];
  #statements: Statement[] = [];

  literal(value: number): Thunk {
    return () => value;
  }

  truth(value: boolean): Thunk {
    return this.literal(value ? 1 : 0);
  }

  parameter(position: number): Thunk {
    const registers = this.#registers;
    return () => registers[position]!;
  }

  apply({ call }: Operation, x: Thunk, y?: Thunk, z?: Thunk): Thunk {
    if (y === undefined) return () => (call as (x: number) => number)(x());
    // `Math.max` would look at a third operand.
    if (z === undefined) return () => (call as (x: number, y: number) => number)(x(), y());
    return () => call(x(), y(), z());
  }

  choose(condition: Thunk, x: Thunk, y: Thunk): Thunk {
    return () => (condition() !== 0 ? x() : y());
  }

  load(buffer: number, index: Thunk): Thunk {
    const buffers = this.#buffers;
    return () => buffers[buffer]![index()]!;
  }

  store(buffer: number, index: Thunk, value: Thunk): void {
    const buffers = this.#buffers;
    this.#statements.push(() => {
      buffers[buffer]![index()] = value();
    });
  }

  fill(buffer: number, value: number): void {
    const buffers = this.#buffers;
    this.#statements.push(() => {
      buffers[buffer]!.fill(value);
    });
  }

  bind(value: Thunk): Thunk {
    return this.variable(value);
  }

  variable(value: Thunk): Thunk {
    const registers = this.#registers;
    const slot = registers.push(0) - 1;
    const variable = (): number => registers[slot]!;
    this.#slots.set(variable, slot);
    this.assign(variable, value);
    return variable;
  }

  assign(variable: Thunk, value: Thunk): void {
    const registers = this.#registers;
    const slot = this.#slots.get(variable)!;
    this.#statements.push(() => {
      registers[slot] = value();
    });
  }

  perform({ call }: Operation, x: Thunk, y: Thunk): void {
    this.#statements.push(() => {
      call(x(), y(), 0);
    });
  }

  #block(body: () => void): Statement {
    const outer = this.#statements;
    this.#statements = [];
    body();
    const block = sequence(this.#statements);
    this.#statements = outer;
    return block;
  }

  protected range(from: Thunk, to: Thunk, step: number, body: (index: Thunk) => void): void {
    const registers = this.#registers;
    const slot = registers.push(0) - 1;
    const block = this.#block(() => body(() => registers[slot]!));
    this.#statements.push(() => {
      const end = to();
      for (let i = from(); i < end; i += step) {
        registers[slot] = i;
        block();
      }
    });
  }

  when(condition: Thunk, body: () => void): void {
    const block = this.#block(body);
    this.#statements.push(() => {
      if (condition() !== 0) block();
    });
  }

  finish(buffers: number, scratch: readonly TypedArray[]): Program {
    const run = sequence(this.#statements);
    const registers = this.#registers;
    const bound = this.#buffers;
    return (given, batch = 0, fromRow = 0, toRow = 0, fromColumn = 0, toColumn = 0) => {
      registers[0] = batch;
      registers[1] = fromRow;
      registers[2] = toRow;
      registers[3] = fromColumn;
      registers[4] = toColumn;
      for (let i = 0; i < buffers; i++) bound[i] = given[i]!;
      for (let i = 0; i < scratch.length; i++) bound[buffers + i] = scratch[i]!;
      try {
        run();
      } finally {
        // A reference that stayed here would keep the memory of freed buffers alive.
        bound.length = 0;
      }
    };
  }
}

/** Programs interpreted as closures. */
export const closureKind: EmitterKind = {
  mode: "interpreter",
  lower(emit, buffers, scratch = []) {
    const emitter = new ClosureEmitter();
    emit(emitter);
    return emitter.finish(buffers, scratch);
  },
};
