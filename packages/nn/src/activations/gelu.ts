import { OptionError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of gelu. */
export interface GeluOptions {
  /** "none" for the exact form (unless given), "tanh" for the approximation that some published weights expect. */
  readonly approximate?: "none" | "tanh";
}

/** Past this, tanh is 1 in every dtype, while the cube of its argument would overflow and spoil the gradient. */
const saturated = 50;

/**
 * The Gaussian error linear unit, elementwise: y = x·Φ(x) = x·(1 + erf(x/√2))/2, or approximately
 * x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. Hendrycks and Gimpel, "Gaussian error linear units", 2016.
 *
 * @throws OptionError for an unknown approximation.
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  const { approximate = "none" } = options;
  const half = x.mul(0.5);
  if (approximate === "none") return half.mul(x.mul(Math.SQRT1_2).erf().add(1));
  if (approximate !== "tanh") {
    throw new OptionError(`gelu: approximate is "none" or "tanh", not ${JSON.stringify(approximate)}`);
  }
  const near = x.clip(-saturated, saturated);
  const inner = near.square().mul(near).mul(0.044715).add(near);
  return half.mul(
    inner
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1),
  );
}

/** The Gaussian error linear unit as a layer; see `gelu`. */
export class GELU extends Module {
  readonly options: GeluOptions;

  constructor(options: GeluOptions = {}) {
    super();
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.options);
  }

  protected override describe(): string {
    return `approximate=${this.options.approximate ?? "none"}`;
  }
}
