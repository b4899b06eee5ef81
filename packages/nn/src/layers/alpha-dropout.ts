import { random, where, type Generator, type Tensor } from "@chainrule/core";
import { seluAlpha, seluScale } from "../activations/selu.ts";
import { checkProbability } from "../check.ts";
import { Module } from "../module.ts";
import type { DropoutOptions } from "./dropout.ts";

/**
 * Dropout that keeps mean 0 and variance 1 of what it is given, for use with SELU: in training each element is set to
 * α′ = −λα with probability p, then all are taken through a·x + b, where a = 1/√((1 − p)(1 + p·α′²)) and b = −a·p·α′;
 * in evaluation the input passes unchanged. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.
 *
 * @throws OptionError unless 0 ≤ p ≤ 1.
 */
export class AlphaDropout extends Module {
  readonly p: number;
  readonly generator: Generator | null;

  constructor(p: number = 0.5, options: DropoutOptions = {}) {
    super();
    checkProbability("AlphaDropout", "p", p);
    this.p = p;
    this.generator = options.generator ?? null;
  }

  override forward(x: Tensor): Tensor {
    const { p } = this;
    if (!this.training || p === 0) return x;
    if (p === 1) return x.mul(0);
    const source = this.generator && { generator: this.generator };
    const keep = random.bernoulli(x.shape, { p: 1 - p, ...source });
    const low = -seluAlpha * seluScale;
    const a = 1 / Math.sqrt((1 - p) * (1 + p * low ** 2));
    return where(keep, x.mul(a).add(-a * p * low), a * (1 - p) * low);
  }

  protected override describe(): string {
    return `p=${this.p}`;
  }
}
