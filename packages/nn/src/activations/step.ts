import { customGradient, where, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of step. */
export interface StepOptions {
  /** Where the step is; 0 unless given. */
  readonly threshold?: number;
  /**
   * The gradient that stands in for the true one, which is 0: `true` passes it unchanged, a number w passes it where
   * |x − threshold| ≤ w; `false` unless given.
   */
  readonly straightThrough?: boolean | number;
}

/**
 * The hard threshold, elementwise: y = 1 where x ≥ threshold, else 0; NaN stays NaN. Its derivative is 0 everywhere;
 * a straight-through estimate lets networks of such units be trained. McCulloch and Pitts, "A logical calculus of the
 * ideas immanent in nervous activity", 1943; Bengio et al., "Estimating or propagating gradients through stochastic
 * neurons", 2013.
 */
export function step(x: Tensor, options: StepOptions = {}): Tensor {
  const { threshold = 0, straightThrough = false } = options;
  const from = x.toFloat();
  const value = where(from.isNaN(), from, from.greaterEqual(threshold).cast(from.dtype)).stopGradient();
  if (straightThrough === false) return value;
  const pass = (upstream: Tensor): Tensor =>
    straightThrough === true
      ? upstream
      : where(from.sub(threshold).abs().lessEqual(straightThrough), upstream, 0);
  return customGradient(
    () => value,
    (upstream) => [pass(upstream)],
  )(from);
}

/** The hard threshold as a layer; see `step`. */
export class Step extends Module {
  readonly options: StepOptions;

  constructor(options: StepOptions = {}) {
    super();
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return step(x, this.options);
  }

  protected override describe(): string {
    const { threshold = 0, straightThrough = false } = this.options;
    return `threshold=${threshold}, straightThrough=${straightThrough}`;
  }
}
