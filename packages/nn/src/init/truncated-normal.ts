import { truncatedNormal as drawn } from "@chainrule/core";
import type { Initializer } from "./initializer.ts";

/**
 * Normal with this mean and standard deviation, kept to [low, high] (values, not multiples of the deviation), as
 * PyTorch's `trunc_normal_`.
 */
export const truncatedNormal =
  (mean: number = 0, std: number = 1, low: number = -2, high: number = 2): Initializer =>
  (shape, options) =>
    drawn(shape, { ...options, mean, std, low, high });
