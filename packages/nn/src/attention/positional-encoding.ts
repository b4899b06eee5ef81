import { ShapeError, tensor, type DtypeOption, type Tensor } from "@chainrule/core";
import { checkSizes } from "../check.ts";
import { Module } from "../module.ts";

/**
 * Sines and cosines of geometrically falling frequency, [length, features]: p[t, 2i] = sin(t/10000^(2i/features)) and
 * p[t, 2i + 1] the cosine. Vaswani et al., "Attention is all you need", NeurIPS 2017.
 *
 * @throws OptionError unless both are whole numbers ≥ 1.
 */
export function sinusoidalEncoding(length: number, features: number, options: DtypeOption = {}): Tensor {
  checkSizes("sinusoidalEncoding", { length, features });
  const values = new Float64Array(length * features);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < features; i++) {
      const angle = t / 10000 ** ((i - (i % 2)) / features);
      values[t * features + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return tensor(values, { shape: [length, features], dtype: options.dtype ?? "float32" });
}

/**
 * Adds `sinusoidalEncoding` to [..., T, features], of any length.
 *
 * @throws OptionError unless `features` is a whole number ≥ 1; from `forward` ShapeError unless x is [..., T, features].
 */
export class PositionalEncoding extends Module {
  readonly features: number;

  constructor(features: number) {
    super();
    checkSizes("PositionalEncoding", { features });
    this.features = features;
  }

  override forward(x: Tensor): Tensor {
    if (x.rank < 2 || x.shape.at(-1) !== this.features || x.shape.at(-2) === 0) {
      throw new ShapeError(
        `PositionalEncoding(${this.features}): the input must be [..., T, ${this.features}] with at least one step, ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    return x.add(sinusoidalEncoding(x.shape.at(-2)!, this.features, { dtype: x.dtype }));
  }

  protected override describe(): string {
    return String(this.features);
  }
}
