import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** The hyperbolic tangent, elementwise: y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}
