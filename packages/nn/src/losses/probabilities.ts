import { NumericError, type Tensor } from "@chainrule/core";

/**
 * Throws a NumericError where a tensor whose elements wait on the host holds one outside [0, 1]. A lazy tensor has no
 * elements to look at yet: there the loss comes out as NaN.
 */
export function checkProbabilities(loss: string, what: string, tensor: Tensor, instead: string): void {
  const host = tensor.node.storage?.host;
  const index = host?.findIndex((value) => value < 0 || value > 1) ?? -1;
  if (index < 0) return;
  throw new NumericError(
    `${loss}: ${what} are probabilities in [0, 1], and element ${index} is ${host![index]}; ${instead}`,
  );
}
