import { ShapeError, tensor } from "@chainrule/core";
import { checkProbability } from "../check.ts";
import { hostDraws, normalDraw } from "./host-draws.ts";
import type { Initializer } from "./initializer.ts";

/**
 * In each column ⌈sparsity · rows⌉ elements, chosen at random, are 0 and the others normal with this standard
 * deviation. Martens, "Deep learning via Hessian-free optimization", ICML 2010.
 *
 * @throws OptionError unless `sparsity` is in [0, 1], ShapeError unless the tensor is a matrix.
 */
export const sparse =
  (sparsity: number, std: number = 0.01): Initializer =>
  (shape, { dtype = "float32", generator } = {}) => {
    checkProbability("sparse", "sparsity", sparsity);
    if (shape.length !== 2) throw new ShapeError(`sparse: takes matrices, not [${shape.join(", ")}]`);
    const [rows, columns] = shape as [number, number];
    const zeros = Math.ceil(sparsity * rows);
    const draws = hostDraws(generator);
    const data = new Float64Array(rows * columns);
    for (let column = 0; column < columns; column++) {
      for (const row of draws.permutation(rows).subarray(zeros)) {
        data[row * columns + column] = std * normalDraw(draws);
      }
    }
    return tensor(data, { shape, dtype });
  };
