import { ShapeError, type Tensor } from "@chainrule/core";

/** (x − mean) / √(variance + eps). */
export const standardize = (x: Tensor, mean: Tensor, variance: Tensor, eps: number): Tensor =>
  x.sub(mean).mul(variance.add(eps).rsqrt());

/** Mean and population variance over some axes, which keep size 1. */
export function momentsOf(x: Tensor, axes: readonly number[]): { mean: Tensor; variance: Tensor } {
  const mean = x.mean(axes, { keepDims: true });
  return { mean, variance: x.sub(mean).square().mean(axes, { keepDims: true }) };
}

/** The last axes of an input, which must have these sizes; throws a ShapeError otherwise. */
export function lastAxes(layer: string, x: Tensor, sizes: readonly number[]): number[] {
  const axes = sizes.map((_, i) => x.rank - sizes.length + i);
  if (axes.some((axis, i) => x.shape[axis] !== sizes[i])) {
    throw new ShapeError(
      `${layer}(${sizes.join(", ")}): the last axes of the input must be [${sizes.join(", ")}], ` +
        `but its shape is [${x.shape.join(", ")}]`,
    );
  }
  return axes;
}
