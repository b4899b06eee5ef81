import { OptionError, ShapeError, type Shape, type Tensor } from "@chainrule/core";

/** Throws a ShapeError unless prediction and target have one shape. */
export function checkSameShape(loss: string, prediction: Tensor, target: Tensor): void {
  const [a, b] = [prediction.shape.join(", "), target.shape.join(", ")];
  if (a !== b) {
    throw new ShapeError(
      `${loss}: prediction [${a}] and target [${b}] must have one shape; reshape one of them`,
    );
  }
}

/** Throws an OptionError unless all of these are whole numbers ≥ 1. */
export function checkSizes(layer: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError(`${layer}: ${name} must be a whole number ≥ 1, not ${size}`);
    }
  }
}

/** Throws an OptionError unless `value` is a probability. */
export function checkProbability(owner: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) {
    throw new OptionError(`${owner}: ${name} must be in [0, 1], not ${value}`);
  }
}

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
