import { concat, ShapeError, type SliceSpec, type Tensor } from "@chainrule/core";
import type { Margin } from "./spatial.ts";

/** What lies beyond an edge: zeros, the inside mirrored at the outermost element, or the outermost element. */
export type PaddingMode = "zeros" | "reflect" | "replicate";

/** Whether a string is one, for callers without types. */
export const paddingModes: readonly string[] = ["zeros", "reflect", "replicate"] satisfies PaddingMode[];

const cut = (x: Tensor, axis: number, spec: SliceSpec): Tensor =>
  x.slice(...x.shape.map((_, i) => (i === axis ? spec : null)));

/**
 * The last axes of x with margins around them, one margin an axis.
 *
 * @throws ShapeError where a mirror is not wider than the margin, or there is nothing to repeat.
 */
export function padAxes(layer: string, x: Tensor, margins: readonly Margin[], mode: PaddingMode): Tensor {
  const first = x.rank - margins.length;
  if (mode === "zeros") {
    return x.pad(x.shape.map((_, axis): Margin => (axis < first ? [0, 0] : margins[axis - first]!)));
  }
  return margins.reduce((y, margin, i) => padAxis(layer, y, first + i, margin, mode), x);
}

function padAxis(
  layer: string,
  x: Tensor,
  axis: number,
  [before, after]: Margin,
  mode: "reflect" | "replicate",
): Tensor {
  if (before === 0 && after === 0) return x;
  const size = x.shape[axis]!;
  if (size < 1 || (mode === "reflect" && size <= Math.max(before, after))) {
    throw new ShapeError(
      `${layer}: ${mode} padding of [${before}, ${after}] needs an axis of at least ` +
        `${mode === "reflect" ? Math.max(before, after) + 1 : 1} elements, but axis ${axis} of [${x.shape.join(", ")}] ` +
        `has ${size}`,
    );
  }
  const edge = (from: number, count: number): Tensor => {
    const one = cut(x, axis, [from, from + 1]);
    return one.broadcastTo([...one.shape].with(axis, count));
  };
  const parts = [x];
  if (before > 0)
    parts.unshift(mode === "reflect" ? cut(x, axis, [1, before + 1]).flip(axis) : edge(0, before));
  if (after > 0) {
    parts.push(
      mode === "reflect" ? cut(x, axis, [size - 1 - after, size - 1]).flip(axis) : edge(size - 1, after),
    );
  }
  return concat(parts, axis);
}
