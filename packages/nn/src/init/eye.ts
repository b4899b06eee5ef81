import { eye as identityMatrix, ShapeError } from "@chainrule/core";
import type { Initializer } from "./initializer.ts";

/**
 * 1 on the diagonal of a matrix, else 0: a `Linear` that starts by passing its input on.
 *
 * @throws ShapeError unless the tensor is a matrix.
 */
export const eye =
  (): Initializer =>
  (shape, { dtype = "float32" } = {}) => {
    if (shape.length !== 2) throw new ShapeError(`eye: takes matrices, not [${shape.join(", ")}]`);
    return identityMatrix(shape[0]!, shape[1], { dtype });
  };

export { eye as identity };
