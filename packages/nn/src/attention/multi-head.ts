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
import { scaledDotProductAttention, type AttentionMasks } from "./scaled-dot-product.ts";

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
}

/** What one call of MultiHeadAttention may look at. */
export interface MultiHeadMasks extends AttentionMasks {
  /** [N, S], other than 0 where a key may be looked at: padding is not. PyTorch's `key_padding_mask`, inverted. */
  readonly keyMask?: Tensor;
}

/** Names as PyTorch writes them. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Attention of several heads: Q, K and V are affine maps of the inputs, each head attends with its part of their
 * features, and what the heads give, side by side, is mapped once more. query is [T, N, E], key and value [S, N, E] (with
 * `batchFirst` [N, T, E] and [N, S, E]) and are the query where they are left out; the output has the query's shape.
 * Masks say what may be looked at, in [N, heads, T, S]. Parameters are `in_proj_weight` [3E, E], `in_proj_bias`,
 * `out_proj.weight`, `out_proj.bias`. Vaswani et al., "Attention is all you need", NeurIPS 2017.
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
  readonly inProjWeight: Parameter;
  readonly inProjBias: Parameter | null;
  readonly outProj: Linear;

  constructor(features: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    checkSizes("MultiHeadAttention", { features, heads });
    const { dropout = 0, bias = true, batchFirst = false } = options;
    checkProbability("MultiHeadAttention", "dropout", dropout);
    if (features % heads !== 0) {
      throw new OptionError(`MultiHeadAttention: ${heads} heads do not divide ${features} features evenly`);
    }
    this.features = features;
    this.heads = heads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.generator = options.generator ?? null;
    this.inProjWeight = new Parameter(xavierUniform()([3 * features, features], options));
    this.inProjBias = bias ? new Parameter(zeros()([3 * features], options)) : null;
    this.outProj = new Linear(features, features, { ...options, bias, biasInit: zeros() });
  }

  override forward(
    query: Tensor,
    key: Tensor | null = null,
    value: Tensor | null = null,
    masks: MultiHeadMasks = {},
  ): Tensor {
    const inputs = [query, key ?? query, value ?? key ?? query] as const;
    this.#check(...inputs);
    const [q, k, v] = this.#project(...inputs).map((x) => this.#split(x)) as [Tensor, Tensor, Tensor];
    const generator = this.generator ? { generator: this.generator } : {};
    const attended = scaledDotProductAttention(q, k, v, {
      ...this.#visible(masks, q.shape, k.shape),
      dropout: this.training ? this.dropout : 0,
      ...generator,
    });
    const joined = attended.permute(this.batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]).flatten(2);
    return this.outProj.forward(joined);
  }

  /** Q, K and V: one product where all three are of one tensor. */
  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { features, inProjWeight, inProjBias } = this;
    if (query === key && key === value) {
      const all = query.matmul(inProjWeight.T);
      return (inProjBias ? all.add(inProjBias) : all).split(features, -1);
    }
    const weights = inProjWeight.split(features);
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
    const { features } = this;
    const fits =
      [query, key, value].every((x) => x.rank === 3 && x.shape[2] === features && x.shape[time]! > 0) &&
      key.shape.join() === value.shape.join() &&
      query.shape[1 - time] === key.shape[1 - time];
    if (fits) return;
    const given = [query, key, value].map((x) => `[${x.shape.join(", ")}]`).join(", ");
    const axes = (steps: string): string =>
      this.batchFirst ? `[N, ${steps}, ${features}]` : `[${steps}, N, ${features}]`;
    throw new ShapeError(
      `MultiHeadAttention(${features}, ${this.heads}): query, key and value must be ${axes("T")}, ${axes("S")} and ` +
        `${axes("S")} with at least one step, not ${given}`,
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
    return `${this.features}, ${this.heads}, dropout=${this.dropout}, batchFirst=${this.batchFirst}`;
  }
}
