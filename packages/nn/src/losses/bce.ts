import { customGradient, type Tensor } from "@chainrule/core";
import { checkSameShape } from "../check.ts";
import { checkProbabilities, rounding } from "./probabilities.ts";
import { reduceLosses, type LossOptions } from "./reduction.ts";

/** ln x, no less than −100, as in PyTorch: a probability of 0 costs 100 and not ∞. */
const flooredLog = (x: Tensor): Tensor => x.log().maximum(-100);

/** −[t·ln p + (1 − t)·ln(1 − p)]; the slope (p − t) / p(1 − p) takes its denominator as 1e-12 at least. */
function elementwise(probabilities: Tensor, target: Tensor): Tensor {
  const less = (x: Tensor): Tensor => x.neg().add(1);
  return customGradient(
    (p, t) =>
      t
        .mul(flooredLog(p))
        .add(less(t).mul(flooredLog(less(p))))
        .neg(),
    (upstream, _, p, t) => [
      upstream.mul(p.sub(t)).div(p.mul(less(p)).maximum(1e-12)),
      upstream.mul(flooredLog(less(p)).sub(flooredLog(p))),
    ],
  )(probabilities, target);
}

/**
 * Binary cross-entropy of probabilities, elementwise: ℓ = −[t·ln p + (1 − t)·ln(1 − p)] with logarithms floored at
 * −100; targets t in [0, 1]. `bceWithLogits` is exact where this has to floor.
 *
 * @throws ShapeError unless both have one shape; NumericError where probabilities or targets given as numbers lie
 * outside [0, 1]. Computed probabilities outside [0, 1] give NaN, which `fit` and `debug({ nanCheck: true })` report.
 */
export function bceLoss(probabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape("bceLoss", probabilities, target);
  checkProbabilities("bceLoss", "predictions", probabilities, "give logits to bceWithLogits");
  checkProbabilities("bceLoss", "targets", target, "scale them", rounding);
  return reduceLosses("bceLoss", elementwise(probabilities, target.cast(probabilities.dtype)), options);
}
