import { OptionError } from "../errors.ts";
import { overlapAdd as overlapAddNodes, windowsOf } from "../graph/overlap.ts";
import { normalizeAxis } from "../shape.ts";
import type { Handle } from "./handle.ts";
import { Tensor } from "./tensor.ts";

/** Where windows lie along an axis. */
export interface WindowOptions {
  /** From the start of one window to that of the next; 1 unless given. */
  readonly stride?: number;
  /** From one element of a window to the next; 1 unless given. */
  readonly dilation?: number;
}

function checkWhole(operation: string, numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new OptionError(`${operation}: ${name} is a whole number ≥ 1, not ${value}`);
    }
  }
}

/**
 * All windows of `size` elements along an axis, as a view: y[…, i, …, k] = x[…, i·stride + k·dilation, …], where i takes
 * the axis's place, 0 ≤ i ≤ (n − (size − 1)·dilation − 1)/stride, and k is a new last axis.
 *
 * @throws OptionError unless size, stride and dilation are whole numbers ≥ 1, ShapeError where no window fits.
 */
export function slidingWindows(
  x: Handle<unknown>,
  axis: number,
  size: number,
  options: WindowOptions = {},
): Tensor {
  const { stride = 1, dilation = 1 } = options;
  checkWhole("slidingWindows", { size, stride, dilation });
  const at = normalizeAxis("slidingWindows", axis, x.shape.length);
  return new Tensor(windowsOf(x.node, at, size, stride, dilation));
}

/**
 * The transpose of `slidingWindows`: y[…, p, …] = Σ x[…, i, …, k] over all i·stride + k·dilation = p, for
 * 0 ≤ p < length. The last axis of x holds the windows and goes; `axis` counts them.
 *
 * @throws OptionError unless length, stride and dilation are whole numbers ≥ 1, ShapeError where the windows reach past
 * `length`.
 */
export function overlapAdd(
  x: Handle<unknown>,
  axis: number,
  length: number,
  options: WindowOptions = {},
): Tensor {
  const { stride = 1, dilation = 1 } = options;
  checkWhole("overlapAdd", { length, stride, dilation });
  const at = normalizeAxis("overlapAdd", axis, Math.max(0, x.shape.length - 1));
  return new Tensor(overlapAddNodes(x.node, at, length, stride, dilation));
}
