import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, tensor, type Tensor } from "@chainrule/core";
import type { FixtureArray } from "@chainrule/fixtures";

registerBackend(cpu);

/** A recorded array as a tensor. */
export const fromFixture = ({ data, shape, dtype }: FixtureArray): Tensor => tensor(data, { shape, dtype });

/** Recorded arrays as tensors, by the same names. */
export const fromFixtures = (arrays: Readonly<Record<string, FixtureArray>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, fromFixture(array)]));

/** Labels or indices. */
export const int32 = (values: readonly unknown[] | number): Tensor =>
  tensor(values as number[], { dtype: "int32" });

/** What `action` throws, as text; "" where it throws nothing. */
export function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String(error);
  }
  return "";
}
