import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * The sigmoid linear unit, or swish, elementwise: y = x·σ(x) = x / (1 + e⁻ˣ). Elfwing et al., "Sigmoid-weighted linear
 * units", 2018; Ramachandran et al., "Searching for activation functions", 2017.
 */
export function silu(x: Tensor): Tensor {
  return x.mul(x.sigmoid());
}

/** The sigmoid linear unit as a layer; see `silu`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}
