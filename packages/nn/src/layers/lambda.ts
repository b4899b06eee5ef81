import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * A module from a plain function of tensors, for use among layers: `new Lambda((x) => x.square())`. Parameters that the
 * function closes over are not seen; write a `Module` for those.
 */
export class Lambda<Inputs extends readonly unknown[] = [Tensor], Output = Tensor> extends Module<
  Inputs,
  Output
> {
  readonly #apply: (...inputs: Inputs) => Output;

  constructor(apply: (...inputs: Inputs) => Output) {
    super();
    this.#apply = apply;
  }

  override forward(...inputs: Inputs): Output {
    return this.#apply(...inputs);
  }

  protected override describe(): string {
    return this.#apply.name;
  }
}
