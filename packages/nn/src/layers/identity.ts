import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** The input as it is: y = x. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
