import { OptionError, random, type Generator, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import type { DropoutOptions } from "./dropout.ts";

/**
 * In training y = x + σ·n with n standard normal, drawn anew at each call; in evaluation the input passes unchanged.
 * On the input of a linear map under squared error it acts as an L2 penalty. Bishop, "Training with noise is
 * equivalent to Tikhonov regularization", 1995.
 *
 * @throws OptionError unless σ ≥ 0.
 */
export class GaussianNoise extends Module {
  readonly std: number;
  readonly generator: Generator | null;

  constructor(std: number, options: DropoutOptions = {}) {
    super();
    if (!(std >= 0)) throw new OptionError(`GaussianNoise: std must be ≥ 0, not ${std}`);
    this.std = std;
    this.generator = options.generator ?? null;
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.std === 0) return x;
    const source = this.generator && { generator: this.generator };
    return x.add(random.normal(x.shape, { std: this.std, dtype: x.toFloat().dtype, ...source }));
  }

  protected override describe(): string {
    return `std=${this.std}`;
  }
}
