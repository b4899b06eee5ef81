import { where, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * The sigmoid in three straight pieces, elementwise: y = 0 where x ≤ −3, 1 where x ≥ 3, else x/6 + 1/2; its
 * derivative at both corners is 0. Courbariaux et al., "BinaryConnect", NeurIPS 2015, with MobileNetV3's slope.
 */
export function hardSigmoid(x: Tensor): Tensor {
  const line = x.add(3).div(6);
  const inside = x.greater(-3).logicalAnd(x.less(3));
  return where(inside, line, line.stopGradient().clip(0, 1));
}

/** The three-piece sigmoid as a layer; see `hardSigmoid`. */
export class HardSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardSigmoid(x);
  }
}
