import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** The positive part, elementwise: y = max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}
