import { random } from "@chainrule/core";
import type { Initializer } from "./initializer.ts";

/** Normal with this mean and standard deviation. */
export const normal =
  (mean: number = 0, std: number = 1): Initializer =>
  (shape, options) =>
    random.normal(shape, { ...options, mean, std });
