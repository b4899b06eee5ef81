import {
  OptionError,
  ShapeError,
  type Dtype,
  type Generator,
  type Shape,
  type Tensor,
} from "@chainrule/core";
import { checkProbability, checkSizes, sizeOf } from "../check.ts";
import { zeros } from "../init/constant.ts";
import { xavierUniform } from "../init/xavier.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import {
  attentionWeights,
  scaledDotProductAttention,
  type AttentionMasks,
  type AttentionOptions,
} from "./scaled-dot-product.ts";

/** Options of MultiHeadAttention. */
export interface MultiHeadAttentionOptions {
  /** The share of the attention weights that is dropped in training; 0 unless given. */
  readonly dropout?: number;
  /** Whether biases are added; true unless given. */
  readonly bias?: boolean;
  /** Whether the batch is the first axis, [N, T, E], and not time, [T, N, E]; false unless given, as in PyTorch. */
  readonly batchFirst?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from, and dropout's masks; the default generator unless given. */
  readonly generator?: Generator;
  /** Features of keys; those of queries unless given. */
  readonly kdim?: number;
  /** Features of values; those of queries unless given. */
  readonly vdim?: number;
}

/** What one call of MultiHeadAttention may look at. */
export interface MultiHeadMasks extends AttentionMasks {
  /** [N, S], other than 0 where a key may be looked at: padding is not. PyTorch's `key_padding_mask`, inverted. */
  readonly keyMask?: Tensor;
}

/** Options of MultiHeadAttention's `attend`. */
export interface AttendOptions extends MultiHeadMasks {
  /** Whether the weights are the mean over the heads; true unless given, as in PyTorch. */
  readonly averageWeights?: boolean;
}

/** Names as PyTorch writes them. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Attention of several heads: Q, K and V are affine maps of the inputs, each head attends with its part of their
 * features, and what the heads give, side by side, is mapped once more. query is [T, N, E], key [S, N, kdim] and value
 * [S, N, vdim] (with `batchFirst` N comes first), and they are the query where they are left out; the output has the
 * query's shape. Masks say what may be looked at, in [N, heads, T, S]. Parameters are `in_proj_weight` [3E, E], or
 * `q_proj_weight` [E, E], `k_proj_weight` [E, kdim] and `v_proj_weight` [E, vdim] where these sizes differ;
 * `in_proj_bias`, `out_proj.weight`, `out_proj.bias`. Vaswani et al., "Attention is all you need", NeurIPS 2017.
 *
 * @throws OptionError unless the heads divide the features; from `forward` ShapeError where inputs or masks have other
 * shapes, or there is no step.
 */
export class MultiHeadAttention extends Module<
  [query: Tensor, key?: Tensor | null, value?: Tensor | null, masks?: MultiHeadMasks]
> {
  readonly features: number;
  readonly heads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly generator: Generator | null;
  readonly kdim: number;
  readonly vdim: number;
  /** Those of queries, keys and values as one, where they have the same sizes. */
  readonly inProjWeight: Parameter | null;
  readonly qProjWeight: Parameter | null;
  readonly kProjWeight: Parameter | null;
  readonly vProjWeight: Parameter | null;
  readonly inProjBias: Parameter | null;
  readonly outProj: Linear;

  constructor(features: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    const { dropout = 0, bias = true, batchFirst = false, kdim = features, vdim = features } = options;
    checkSizes("MultiHeadAttention", { features, heads, kdim, vdim });
    checkProbability("MultiHeadAttention", "dropout", dropout);
    if (features % heads !== 0) {
      throw new OptionError(`MultiHeadAttention: ${heads} heads do not divide ${features} features evenly`);
    }
    this.features = features;
    this.heads = heads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.generator = options.generator ?? null;
    this.kdim = kdim;
    this.vdim = vdim;
    const isOne = kdim === features && vdim === features;
    const weight = (rows: number, columns: number): Parameter =>
      new Parameter(xavierUniform()([rows, columns], options));
    this.inProjWeight = isOne ? weight(3 * features, features) : null;
    this.qProjWeight = isOne ? null : weight(features, features);
    this.kProjWeight = isOne ? null : weight(features, kdim);
    this.vProjWeight = isOne ? null : weight(features, vdim);
    this.inProjBias = bias ? new Parameter(zeros()([3 * features], options)) : null;
    this.outProj = new Linear(features, features, { ...options, bias, biasInit: zeros() });
  }

  override forward(
    query: Tensor,
    key: Tensor | null = null,
    value: Tensor | null = null,
    masks: MultiHeadMasks = {},
  ): Tensor {
    const [q, k, v] = this.#heads(query, key, value);
    return this.#join(scaledDotProductAttention(q, k, v, this.#options(masks, q.shape, k.shape)));
  }

  /**
   * The output, and the attention weights that it was made with: [N, T, S], or [N, heads, T, S] unless they are averaged.
   *
   * @throws as `forward`.
   */
  attend(
    query: Tensor,
    key: Tensor | null = null,
    value: Tensor | null = null,
    { averageWeights = true, ...masks }: AttendOptions = {},
  ): [output: Tensor, weights: Tensor] {
    const [q, k, v] = this.#heads(query, key, value);
    const weights = attentionWeights(q, k, this.#options(masks, q.shape, k.shape));
    return [this.#join(weights.matmul(v)), averageWeights ? weights.mean(1) : weights];
  }

  /** Queries, keys and values of each head. */
  #heads(query: Tensor, key: Tensor | null, value: Tensor | null): [Tensor, Tensor, Tensor] {
    const inputs = [query, key ?? query, value ?? key ?? query] as const;
    this.#check(...inputs);
    return this.#project(...inputs).map((x) => this.#split(x)) as [Tensor, Tensor, Tensor];
  }

  #options(masks: MultiHeadMasks, query: Shape, key: Shape): AttentionOptions {
    return {
      ...this.#visible(masks, query, key),
      dropout: this.training ? this.dropout : 0,
      ...(this.generator && { generator: this.generator }),
    };
  }

  /** What the heads give, side by side, mapped. */
  #join(attended: Tensor): Tensor {
    return this.outProj.forward(attended.permute(this.batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]).flatten(2));
  }

  /** Q, K and V: one product where all three are of one tensor. */
  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { features, inProjWeight, inProjBias } = this;
    if (inProjWeight && query === key && key === value) {
      const all = query.matmul(inProjWeight.T);
      return (inProjBias ? all.add(inProjBias) : all).split(features, -1);
    }
    const weights = inProjWeight?.split(features) ?? [
      this.qProjWeight!,
      this.kProjWeight!,
      this.vProjWeight!,
    ];
    const biases = inProjBias?.split(features);
    return [query, key, value].map((x, i) => {
      const y = x.matmul(weights[i]!.T);
      return biases ? y.add(biases[i]!) : y;
    });
  }

  /** [N, heads, steps, features/heads]. */
  #split(x: Tensor): Tensor {
    const [first, second] = x.shape as [number, number, number];
    const apart = x.reshape(first, second, this.heads, this.features / this.heads);
    return apart.permute(this.batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]);
  }

  #visible({ mask, keyMask, causal }: MultiHeadMasks, query: Shape, key: Shape): AttentionMasks {
    const shared = causal === undefined ? {} : { causal };
    if (!keyMask) return mask ? { mask, ...shared } : shared;
    const [batch, steps] = [query[0]!, key[2]!];
    if (keyMask.shape.join() !== `${batch},${steps}`) {
      throw new ShapeError(
        `MultiHeadAttention: keyMask must be [N, S] = [${batch}, ${steps}], ` +
          `but its shape is [${keyMask.shape.join(", ")}]`,
      );
    }
    const keys = keyMask.notEqual(0).reshape(batch, 1, 1, steps);
    if (!mask) return { mask: keys, ...shared };
    // Beside a float mask, keys that are not seen get what a softmax takes to 0.
    if (mask.dtype.startsWith("float")) {
      return { mask: mask.add(keys.logicalNot().cast(mask.dtype).mul(-1e30)), ...shared };
    }
    return { mask: mask.notEqual(0).logicalAnd(keys), ...shared };
  }

  #check(query: Tensor, key: Tensor, value: Tensor): void {
    const time = this.batchFirst ? 1 : 0;
    const { features, kdim, vdim } = this;
    const sizes = [features, kdim, vdim];
    const inputs = [query, key, value];
    const fits =
      inputs.every((x, i) => x.rank === 3 && x.shape[2] === sizes[i] && x.shape[time]! > 0) &&
      key.shape.slice(0, 2).join() === value.shape.slice(0, 2).join() &&
      query.shape[1 - time] === key.shape[1 - time];
    if (fits) return;
    const given = inputs.map((x) => `[${x.shape.join(", ")}]`).join(", ");
    const [q, k, v] = sizes.map((size, i) => {
      const steps = i === 0 ? "T" : "S";
      return `[${this.batchFirst ? `N, ${steps}` : `${steps}, N`}, ${size}]`;
    });
    throw new ShapeError(
      `MultiHeadAttention(${features}, ${this.heads}): query, key and value must be ${q}, ${k} and ${v} ` +
        `with at least one step, not ${given}`,
    );
  }

  override multiplyAdds(_output: Shape, [query, key = query, value = key]: readonly Shape[]): number {
    const time = this.batchFirst ? 1 : 0;
    const projections = (sizeOf(query!) + sizeOf(key!) + sizeOf(value!)) * this.features;
    return projections + 2 * sizeOf(query!) * key![time]!;
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    return [...super.members()].map(([name, value]) => [snakeCase(name), value] as const);
  }

  protected override describe(): string {
    const { features, heads, dropout, batchFirst, kdim, vdim } = this;
    const others = this.inProjWeight ? "" : `, kdim=${kdim}, vdim=${vdim}`;
    return `${features}, ${heads}, dropout=${dropout}, batchFirst=${batchFirst}${others}`;
  }
}
