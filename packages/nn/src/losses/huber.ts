import { OptionError, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { l1Loss } from "./l1.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** Options of huberLoss. */
export interface HuberOptions extends LossOptions {
  /** Where the parabola becomes a line; 1 unless given. */
  readonly delta?: number;
}

/** Options of smoothL1Loss. */
export interface SmoothL1Options extends LossOptions {
  /** Where the parabola becomes a line; 1 unless given, and with 0 it is `l1Loss`. */
  readonly beta?: number;
}

/** ½·d² up to δ, then δ·(d − ½·δ): with q = min(d, δ), ½·q² + δ·(d − q), in which nothing overflows to 0 · ∞. */
function bent(prediction: Tensor, target: Tensor, delta: number): Tensor {
  const distance = prediction.sub(target).abs();
  const near = distance.clip(undefined, delta);
  return near.square().mul(0.5).add(distance.sub(near).mul(delta));
}

/**
 * Squared error near 0 and absolute error beyond, elementwise: with d = |prediction − target|, ℓ = ½·d² where d ≤ δ,
 * else δ·(d − ½·δ). Huber, "Robust estimation of a location parameter", 1964.
 *
 * @throws OptionError unless δ > 0, ShapeError unless both have one shape.
 */
export function huberLoss(prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options;
  if (!(delta > 0)) throw new OptionError(`huberLoss: delta must be > 0, not ${delta}`);
  checkSameShape("huberLoss", prediction, target);
  return reduceLosses("huberLoss", bent(prediction, target, delta), options);
}

/**
 * Huber's loss scaled to slope 1, elementwise: with d = |prediction − target|, ℓ = ½·d²/β where d < β, else d − ½·β.
 * Girshick, "Fast R-CNN", ICCV 2015.
 *
 * @throws OptionError unless β ≥ 0, ShapeError unless both have one shape.
 */
export function smoothL1Loss(prediction: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  const { beta = 1 } = options;
  if (!(beta >= 0)) throw new OptionError(`smoothL1Loss: beta must be ≥ 0, not ${beta}`);
  checkSameShape("smoothL1Loss", prediction, target);
  if (beta === 0) return l1Loss(prediction, target, options);
  return reduceLosses("smoothL1Loss", bent(prediction, target, beta).div(beta), options);
}
