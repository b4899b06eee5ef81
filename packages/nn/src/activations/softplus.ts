import { OptionError, where, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of softplus. */
export interface SoftplusOptions {
  /** How sharply it bends: ReLU as β → ∞; 1 unless given. */
  readonly beta?: number;
  /** Where β·x passes this, y = x; 20 unless given. */
  readonly threshold?: number;
}

/**
 * A smooth rectifier, elementwise: y = ln(1 + e^(β·x)) / β, without overflow, and y = x past the threshold. Dugas et
 * al., "Incorporating second-order functional knowledge for better option pricing", NeurIPS 2000.
 *
 * @throws OptionError unless β > 0.
 */
export function softplus(x: Tensor, options: SoftplusOptions = {}): Tensor {
  const { beta = 1, threshold = 20 } = options;
  if (!(beta > 0)) throw new OptionError(`softplus: beta must be > 0, not ${beta}`);
  const scaled = x.mul(beta);
  return where(scaled.greater(threshold), x, scaled.softplus().div(beta));
}

/** The smooth rectifier as a layer; see `softplus`. */
export class Softplus extends Module {
  readonly options: SoftplusOptions;

  constructor(options: SoftplusOptions = {}) {
    super();
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.options);
  }

  protected override describe(): string {
    const { beta = 1, threshold = 20 } = this.options;
    return `beta=${beta}, threshold=${threshold}`;
  }
}
