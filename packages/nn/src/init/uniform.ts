import { random } from "@chainrule/core";
import type { Initializer } from "./initializer.ts";

/** Uniform in [low, high). */
export const uniform =
  (low: number = 0, high: number = 1): Initializer =>
  (shape, options) =>
    random.uniform(shape, { ...options, low, high });
