import { IndexError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** Modules one after another, each taking what the one before gave. Its parameters are named "0.weight", "0.bias", … */
export class Sequential extends Module {
  readonly #layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    this.#layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.reduce((value, layer) => layer.forward(value), x);
  }

  get length(): number {
    return this.#layers.length;
  }

  /**
   * The module at an index; negative counts from the end.
   *
   * @throws IndexError where there is none.
   */
  at(index: number): Module {
    const layer = this.#layers.at(index);
    if (!layer || !Number.isInteger(index)) {
      throw new IndexError(`Sequential of ${this.length} modules: there is none at ${index}`);
    }
    return layer;
  }

  [Symbol.iterator](): IterableIterator<Module> {
    return this.#layers.values();
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    return [...super.members(), ...this.#layers.map((layer, i) => [String(i), layer] as const)];
  }
}
