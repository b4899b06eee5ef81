import { StateError, type Shape, type Tensor, type Variable } from "@chainrule/core";
import { Buffer, Parameter } from "./parameter.ts";
import { loadState, type LoadReport } from "./state.ts";

/** A module of any signature. */
export type AnyModule = Module<never, unknown>;

/**
 * A function with parameters. A subclass keeps its parameters, buffers and child modules (or arrays of them) in
 * public or `protected` properties, where they are found in definition order and named as PyTorch names them:
 * `"encoder.layers.0.weight"`. `#private` fields are not seen.
 *
 * @throws StateError from every method that walks the tree, where a module contains itself.
 */
// The parameters type `forward` for those who call it: one use each is their purpose.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export abstract class Module<Inputs extends readonly unknown[] = [Tensor], Output = Tensor> {
  /** Whether layers such as Dropout behave as in training; set by `train` and `eval`. */
  training: boolean = true;

  /** The module's value at its inputs. */
  abstract forward(...inputs: Inputs): Output;

  /** The options that `toString` shows between the parentheses. */
  protected describe(): string {
    return "";
  }

  /** What this module holds, by name: where a subclass keeps its children elsewhere than in properties. */
  protected members(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }

  /** Multiply-adds of one `forward`: one for each use of a weight. */
  multiplyAdds(_output: Shape, _inputs: readonly Shape[]): number {
    return 0;
  }

  /** Modules held by this one, by name. */
  namedChildren(): [string, AnyModule][] {
    return this.#held((value): value is AnyModule => value instanceof Module);
  }

  /** Modules held by this one. */
  children(): AnyModule[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** This module (named "") and all below it, each once, under its first name. */
  namedModules(): [string, AnyModule][] {
    return unique(this.#walk());
  }

  /** Trainable variables, each once, under its first name. */
  namedParameters(): [string, Parameter][] {
    return unique(this.#variables(Parameter));
  }

  /** Trainable variables, each once: what an optimiser is given. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Untrained state, each variable once, under its first name. */
  namedBuffers(): [string, Buffer][] {
    return unique(this.#variables(Buffer));
  }

  /** Untrained state, each variable once. */
  buffers(): Buffer[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  /** Puts this module and all below it in training mode, or with `false` in evaluation mode. */
  train(mode: boolean = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Puts this module and all below it in evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Every parameter and buffer under PyTorch's name and in PyTorch's order; one that is shared appears under each of
   * its names. The values are the variables themselves: they change as training goes on.
   */
  stateDict(): Record<string, Variable> {
    return Object.fromEntries(this.#variables(Parameter, Buffer));
  }

  /**
   * Assigns every tensor of `state` to the parameter or buffer of its name. With `strict: false`, names that only one
   * side has are left alone and reported.
   *
   * @throws OptionError listing every missing and unexpected name (where strict) and every shape and dtype that
   * differs; nothing is loaded then.
   */
  loadStateDict(state: Readonly<Record<string, Tensor>>, options: { strict?: boolean } = {}): LoadReport {
    return loadState(this.#variables(Parameter, Buffer), state, options.strict ?? true);
  }

  /** Moves every parameter and buffer to a backend; where one cannot move, none does. */
  async to(backend: string): Promise<this> {
    const variables = [...this.parameters(), ...this.buffers()];
    const moved = await Promise.all(variables.map((variable) => variable.to(backend)));
    variables.forEach((variable, i) => variable.assign(moved[i]!));
    return this;
  }

  /** The tree of modules with their options, as PyTorch prints it. */
  toString(): string {
    const lines = this.namedChildren().map(([name, child]) => `(${name}): ${String(child)}`);
    if (lines.length === 0) return `${this.constructor.name}(${this.describe()})`;
    if (this.describe() !== "") lines.unshift(this.describe());
    return `${this.constructor.name}(\n  ${lines.join("\n").replaceAll("\n", "\n  ")}\n)`;
  }

  #held<T>(wanted: (value: unknown) => value is T): [string, T][] {
    const found: [string, T][] = [];
    for (const [name, value] of this.members()) {
      if (wanted(value)) found.push([name, value]);
      else if (Array.isArray(value)) {
        value.forEach((item, i) => {
          if (wanted(item)) found.push([`${name}.${i}`, item]);
        });
      }
    }
    return found;
  }

  /** Every route from this module down, as a prefix and a module. */
  #walk(prefix: string = "", above: readonly AnyModule[] = []): [string, AnyModule][] {
    if (above.includes(this))
      throw new StateError(`${this.constructor.name} contains itself, as "${prefix}"`);
    const path = [...above, this];
    return [
      [prefix, this],
      ...this.namedChildren().flatMap(([name, child]) => child.#walk(join(prefix, name), path)),
    ];
  }

  #variables<T extends Variable>(...kinds: readonly (abstract new (...args: never) => T)[]): [string, T][] {
    return this.#walk().flatMap(([prefix, module]) =>
      kinds.flatMap((kind) =>
        module
          .#held((value): value is T => value instanceof kind)
          .map(([name, variable]): [string, T] => [join(prefix, name), variable]),
      ),
    );
  }
}

const join = (prefix: string, name: string): string => (prefix === "" ? name : `${prefix}.${name}`);

function unique<T>(named: readonly [string, T][]): [string, T][] {
  const seen = new Set<T>();
  return named.filter(([, value]) => !seen.has(value) && seen.add(value));
}
