import { ShapeError, Variable, type Shape } from "@chainrule/core";

/** A variable that training changes: what `parameters()` lists. */
export class Parameter extends Variable {}

/** A variable that belongs to a module's state without being trained, such as a running mean. */
export class Buffer extends Variable {}

/** The parameter that a layer was given to share, null where it was given none; throws a ShapeError if it does not fit. */
export function sharedParameter(
  layer: string,
  shared: Parameter | undefined,
  shape: Shape,
): Parameter | null {
  if (!shared) return null;
  const [expected, given] = [shape.join(", "), shared.shape.join(", ")];
  if (expected !== given) {
    throw new ShapeError(`${layer}: the weight must be [${expected}], but the one to share is [${given}]`);
  }
  return shared;
}
