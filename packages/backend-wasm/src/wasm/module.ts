import { list, section, text, unsigned } from "./bytes.ts";
import type { Callable, Func } from "./function.ts";
import type { ValueType } from "./types.ts";

/** A function that the host provides. */
interface Import extends Callable {
  readonly name: string;
}

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Whether the memory that a module imports is shared between threads. */
export interface MemoryKind {
  readonly shared: boolean;
}

/** The pages of the largest memory that 32-bit addresses reach. */
export const maxPages = 65536;

/**
 * A module over the memory `e.m` of its environment. Functions are numbered when it is assembled, so that imports
 * may be asked for at any time before.
 */
export class ModuleWriter {
  readonly #memory: MemoryKind;
  readonly #imports: Import[] = [];
  readonly #functions: Func[] = [];
  readonly #exports = new Map<string, Func>();
  readonly #types: string[] = [];
  /** Whether functions call through the table `e.t`. */
  usesTable = false;

  constructor(memory: MemoryKind) {
    this.#memory = memory;
  }

  get hasHostFunctions(): boolean {
    return this.#imports.length > 0;
  }

  add<F extends Func>(func: F): F {
    this.#functions.push(func);
    return func;
  }

  export(name: string, func: Func): void {
    this.#exports.set(name, this.add(func));
  }

  import(name: string, params: readonly ValueType[], result: ValueType | null): Callable {
    let known = this.#imports.find((other) => other.name === name);
    if (known === undefined)
      this.#imports.push((known = { name, params, result, index: this.#imports.length }));
    return known;
  }

  /** The number of a function type. */
  type({ params, result }: Pick<Callable, "params" | "result">): number {
    const bytes = [0x60, ...unsigned(params.length), ...params, ...(result === null ? [0] : [1, result])];
    const key = bytes.join();
    const known = this.#types.indexOf(key);
    return known >= 0 ? known : this.#types.push(key) - 1;
  }

  assemble(): Uint8Array<ArrayBuffer> {
    const imports = this.#imports.map((callable) => [
      ...text("e"),
      ...text(callable.name),
      0,
      ...unsigned(this.type(callable)),
    ]);
    const limits = this.#memory.shared ? [3, 1, ...unsigned(maxPages)] : [0, 1];
    imports.push([...text("e"), ...text("m"), 2, ...limits]);
    if (this.usesTable) imports.push([...text("e"), ...text("t"), 1, 0x70, 0, 0]);
    this.#functions.forEach((func, i) => (func.index = this.#imports.length + i));
    const functions = this.#functions.map((func) => unsigned(this.type(func)));
    const exports = [...this.#exports].map(([name, func]) => [...text(name), 0, ...unsigned(func.index)]);
    const bodies = this.#functions.map((func) => {
      const body = func.assemble();
      return [...unsigned(body.length), ...body];
    });
    const types = this.#types.map((type) => type.split(",").map(Number));
    return Uint8Array.from([
      ...magic,
      ...section(1, list(types)),
      ...section(2, list(imports)),
      ...section(3, list(functions)),
      ...section(7, list(exports)),
      ...section(10, list(bodies)),
    ]);
  }
}
