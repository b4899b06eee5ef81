import { compile, type Tensor, type Variable } from "@chainrule/core";
import { LBFGS } from "@chainrule/optim";

/** Minimises a smooth loss over all data by L-BFGS; each evaluation is a replay of one captured graph. */
export async function minimize(
  parameters: readonly Variable[],
  loss: () => Tensor,
  { maxIter, tol }: { readonly maxIter: number; readonly tol: number },
): Promise<{ iterations: number; converged: boolean }> {
  const closure = compile(() => {
    const value = loss();
    return { loss: value, gradients: value.gradient(...parameters) };
  });
  // The gradient decides: a loss that changes little may still hide digits of the weights.
  const limits = {
    maxIter,
    maxEval: 4 * maxIter,
    toleranceGrad: tol,
    toleranceChange: 1e-15,
    historySize: 20,
  };
  const { iterations, converged } = await new LBFGS(parameters, limits).step(closure);
  return { iterations, converged };
}
