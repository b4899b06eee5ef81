import { random, ShapeError, where, type Tensor } from "@chainrule/core";
import { checkProbability } from "../check.ts";
import { Module } from "../module.ts";
import type { DropoutOptions } from "./dropout.ts";

/**
 * In training each channel of [N, C, H, W] is set to 0 as a whole with probability p, the others are divided by 1 − p;
 * in evaluation the input passes unchanged. Neighbouring pixels agree too much for `Dropout` to hide anything. Tompson
 * et al., "Efficient object localization using convolutional networks", CVPR 2015.
 *
 * @throws OptionError unless 0 ≤ p ≤ 1; from `forward` ShapeError unless x is [N, C, H, W].
 */
export class Dropout2d extends Module {
  readonly p: number;
  readonly #generator: DropoutOptions;

  constructor(p: number = 0.5, options: DropoutOptions = {}) {
    super();
    checkProbability("Dropout2d", "p", p);
    this.p = p;
    this.#generator = options.generator ? { generator: options.generator } : {};
  }

  override forward(x: Tensor): Tensor {
    if (x.rank !== 4) {
      throw new ShapeError(
        `Dropout2d: the input must be [N, C, H, W], but its shape is [${x.shape.join(", ")}]`,
      );
    }
    if (!this.training || this.p === 0) return x;
    if (this.p === 1) return x.mul(0);
    const keep = random.bernoulli([x.shape[0]!, x.shape[1]!, 1, 1], { p: 1 - this.p, ...this.#generator });
    return where(keep, x.mul(1 / (1 - this.p)), 0);
  }

  protected override describe(): string {
    return `p=${this.p}`;
  }
}
