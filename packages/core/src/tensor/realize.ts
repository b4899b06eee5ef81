import { explainNodes, realizeNodes, realizeNodesSync } from "../engine/realize.ts";
import type { Plan } from "../engine/plan.ts";
import { activeTrace } from "../engine/trace.ts";
import { StateError } from "../errors.ts";
import type { Tensor } from "./tensor.ts";

function nodesOf(tensors: readonly Tensor[]): Tensor["node"][] {
  if (activeTrace() !== null) {
    throw new StateError(
      "realize was called while a function is captured, when nothing is computed yet; call it outside",
    );
  }
  return tensors.map(({ node }) => node);
}

/** Computes tensors together, in one plan; what is computed already costs nothing. */
export const realize = async (...tensors: Tensor[]): Promise<void> => realizeNodes(nodesOf(tensors));

/** As `realize`, at once; throws BackendError where the backend still has to start. */
export const realizeSync = (...tensors: Tensor[]): void => realizeNodesSync(nodesOf(tensors));

/** The plan that would compute the tensors: its kernels and buffers, without running it. */
export const explain = (...tensors: Tensor[]): Plan => explainNodes(nodesOf(tensors));
