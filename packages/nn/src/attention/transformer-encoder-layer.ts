import { OptionError, type Tensor } from "@chainrule/core";
import { gelu } from "../activations/gelu.ts";
import { Dropout } from "../layers/dropout.ts";
import { LayerNorm } from "../layers/layer-norm.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../module.ts";
import {
  MultiHeadAttention,
  snakeCase,
  type MultiHeadAttentionOptions,
  type MultiHeadMasks,
} from "./multi-head.ts";

/** Options of TransformerEncoderLayer. */
export interface TransformerEncoderLayerOptions extends Omit<MultiHeadAttentionOptions, "kdim" | "vdim"> {
  /** Units of the inner layer; 2048 unless given. */
  readonly feedForward?: number;
  /** "relu" unless given. */
  readonly activation?: "relu" | "gelu";
  /** Whether each part standardises its input, and not the sum after it; false unless given. */
  readonly normFirst?: boolean;
  /** Added to variances; 1e-5 unless given. */
  readonly eps?: number;
}

/**
 * A layer of a transformer's encoder: y = norm(x + attention(x)), z = norm(y + W₂·f(W₁·y)), or with `normFirst` y = x +
 * attention(norm(x)), z = y + W₂·f(W₁·norm(y)); dropout, 0.1 unless given, after each part and within both. x is
 * [T, N, E], with `batchFirst` [N, T, E]. Vaswani et al., "Attention is all you need", NeurIPS 2017; Xiong et al., "On
 * layer normalization in the transformer architecture", ICML 2020.
 *
 * @throws OptionError and, from `forward`, ShapeError as `MultiHeadAttention`; OptionError for an unknown activation.
 */
export class TransformerEncoderLayer extends Module<[x: Tensor, masks?: MultiHeadMasks]> {
  readonly selfAttn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly normFirst: boolean;
  readonly activation: "relu" | "gelu";

  constructor(features: number, heads: number, options: TransformerEncoderLayerOptions = {}) {
    super();
    const { feedForward = 2048, dropout = 0.1, activation = "relu", normFirst = false } = options;
    if (activation !== "relu" && activation !== "gelu") {
      throw new OptionError(
        `TransformerEncoderLayer: activation is relu or gelu, not ${JSON.stringify(activation)}`,
      );
    }
    this.selfAttn = new MultiHeadAttention(features, heads, { ...options, dropout });
    this.linear1 = new Linear(features, feedForward, options);
    this.dropout = new Dropout(dropout, options);
    this.linear2 = new Linear(feedForward, features, options);
    this.norm1 = new LayerNorm(features, options);
    this.norm2 = new LayerNorm(features, options);
    this.dropout1 = new Dropout(dropout, options);
    this.dropout2 = new Dropout(dropout, options);
    this.normFirst = normFirst;
    this.activation = activation;
  }

  override forward(x: Tensor, masks: MultiHeadMasks = {}): Tensor {
    const attend = (t: Tensor): Tensor => this.dropout1.forward(this.selfAttn.forward(t, null, null, masks));
    const transform = (t: Tensor): Tensor => {
      const inner = this.linear1.forward(t);
      const active = this.activation === "relu" ? inner.relu() : gelu(inner);
      return this.dropout2.forward(this.linear2.forward(this.dropout.forward(active)));
    };
    if (this.normFirst) {
      const y = x.add(attend(this.norm1.forward(x)));
      return y.add(transform(this.norm2.forward(y)));
    }
    const y = this.norm1.forward(x.add(attend(x)));
    return this.norm2.forward(y.add(transform(y)));
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    return [...super.members()].map(([name, value]) => [snakeCase(name), value] as const);
  }
}
