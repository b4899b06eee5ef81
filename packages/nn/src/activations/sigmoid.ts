import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** The logistic function, elementwise: y = 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}
