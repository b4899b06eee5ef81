import { ShapeError, type Tensor } from "@chainrule/core";

/** Throws a ShapeError unless prediction and target have one shape. */
export function checkSameShape(loss: string, prediction: Tensor, target: Tensor): void {
  const [a, b] = [prediction.shape.join(", "), target.shape.join(", ")];
  if (a !== b) {
    throw new ShapeError(
      `${loss}: prediction [${a}] and target [${b}] must have one shape; reshape one of them`,
    );
  }
}
