import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";

/**
 * Swish with the three-piece sigmoid, elementwise: y = 0 where x ≤ −3, x where x ≥ 3, else x·(x + 3)/6. Howard et al.,
 * "Searching for MobileNetV3", ICCV 2019.
 */
export function hardSwish(x: Tensor): Tensor {
  return x.mul(hardSigmoid(x));
}

/** Hard swish as a layer; see `hardSwish`. */
export class HardSwish extends Module {
  override forward(x: Tensor): Tensor {
    return hardSwish(x);
  }
}
