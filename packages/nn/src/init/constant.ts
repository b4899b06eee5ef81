import { full } from "@chainrule/core";
import type { Initializer } from "./initializer.ts";

/** Every element is `value`. */
export const constant =
  (value: number): Initializer =>
  (shape, { dtype = "float32" } = {}) =>
    full(shape, value, { dtype });

/** Every element is 0. */
export const zeros = (): Initializer => constant(0);

/** Every element is 1. */
export const ones = (): Initializer => constant(1);
