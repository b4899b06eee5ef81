import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { elu } from "./elu.ts";

/** α of SELU, at which mean 0 and variance 1 are a fixed point of a layer. */
export const seluAlpha = 1.6732632423543772;
/** λ of SELU. */
export const seluScale = 1.0507009873554805;

/**
 * The self-normalising unit, elementwise: y = λ·x where x > 0, else λ·α·(eˣ − 1), with α = 1.67326… and λ = 1.05070….
 * Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017; for weights of `lecunNormal`.
 */
export function selu(x: Tensor): Tensor {
  return elu(x, seluAlpha).mul(seluScale);
}

/** The self-normalising unit as a layer; see `selu`. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x);
  }
}
