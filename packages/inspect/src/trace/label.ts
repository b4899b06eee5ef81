import { type Tensor, Variable } from "@chainrule/core";
import type { AnyModule } from "@chainrule/nn";

/** A node of core's graph. */
export type Node = Tensor["node"];

const names = new WeakMap<object, string>();

/**
 * Gives a tensor the name that traces show it under, and gives the tensor back: `label("z", w.mul(x).add(b))`.
 *
 * The name stays with a variable whatever it is assigned, and with the value of any other tensor.
 */
export function label<T extends Tensor>(name: string, tensor: T): T {
  names.set(tensor, name);
  if (!(tensor instanceof Variable)) names.set(tensor.node, name);
  return tensor;
}

/** Labels every parameter and buffer of a module with its name in `stateDict`. */
export function labelParameters(model: AnyModule): void {
  for (const [name, variable] of [...model.namedParameters(), ...model.namedBuffers()]) label(name, variable);
}

/** The name that a tensor or a node was given. */
export const labelOf = (target: object): string | undefined => names.get(target);
