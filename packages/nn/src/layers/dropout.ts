import { random, where, type Generator, type Tensor } from "@chainrule/core";
import { checkProbability } from "../check.ts";
import { Module } from "../module.ts";

/** Options of Dropout. */
export interface DropoutOptions {
  /** Where the masks come from; the default generator unless given. */
  readonly generator?: Generator;
}

/**
 * In training each element is set to 0 with probability p, the others are divided by 1 − p, so that the expectation
 * stays; in evaluation the input passes unchanged. Each call draws a new mask. Srivastava et al., "Dropout: a simple
 * way to prevent neural networks from overfitting", JMLR 15, 2014.
 *
 * @throws OptionError unless 0 ≤ p ≤ 1.
 */
export class Dropout extends Module {
  readonly p: number;
  readonly generator: Generator | null;

  constructor(p: number = 0.5, options: DropoutOptions = {}) {
    super();
    checkProbability("Dropout", "p", p);
    this.p = p;
    this.generator = options.generator ?? null;
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    if (this.p === 1) return x.mul(0);
    const source = this.generator && { generator: this.generator };
    const keep = random.bernoulli(x.shape, { p: 1 - this.p, ...source });
    return where(keep, x.mul(1 / (1 - this.p)), 0);
  }

  protected override describe(): string {
    return `p=${this.p}`;
  }
}
