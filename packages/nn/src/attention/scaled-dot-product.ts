import { ones, ShapeError, where, type Generator, type Shape, type Tensor } from "@chainrule/core";
import { checkProbability } from "../check.ts";
import { Dropout } from "../layers/dropout.ts";

/** What attention may look at. */
export interface AttentionMasks {
  /**
   * Broadcast to [..., T, S]. bool or integers: other than 0 where a query may look at a key, as in PyTorch's
   * `scaled_dot_product_attention`; floats: added to the scores.
   */
  readonly mask?: Tensor;
  /** Whether query t sees no key behind t; false unless given. */
  readonly causal?: boolean;
}

/** Options of scaledDotProductAttention. */
export interface AttentionOptions extends AttentionMasks {
  /** What the scores are multiplied by; 1/√E unless given. */
  readonly scale?: number;
  /** The share of the weights that is dropped, at each call; 0 unless given. */
  readonly dropout?: number;
  /** Where dropout's masks come from; the default generator unless given. */
  readonly generator?: Generator;
}

/** Below any score, and finite: a row of nothing else is even, and not NaN. */
const unseen = -1e30;

function checkShapes(query: Tensor, key: Tensor, value: Tensor): void {
  const [q, k, v] = [query.shape, key.shape, value.shape];
  const heads = [q, k, v].map((shape) => shape.slice(0, -2).join());
  const fits =
    q.length >= 2 &&
    new Set(heads).size === 1 &&
    [k, v].every((shape) => shape.length === q.length) &&
    q.at(-1) === k.at(-1) &&
    k.at(-2) === v.at(-2);
  if (fits) return;
  const given = [q, k, v].map((shape) => `[${shape.join(", ")}]`).join(", ");
  throw new ShapeError(
    `scaledDotProductAttention: query, key and value must be [..., T, E], [..., S, E] and [..., S, V], not ${given}`,
  );
}

function checkMask(mask: Tensor, scores: Shape): void {
  const missing = scores.length - mask.rank;
  if (missing >= 0 && mask.shape.every((size, i) => size === 1 || size === scores[i + missing])) return;
  throw new ShapeError(
    `scaledDotProductAttention: the mask must broadcast to [..., T, S] = [${scores.join(", ")}], ` +
      `but its shape is [${mask.shape.join(", ")}]`,
  );
}

/**
 * softmax(Q·Kᵀ/√E + mask)·V over the last two axes, for Q [..., T, E], K [..., S, E] and V [..., S, V]; gives [..., T, V].
 * A query that may look at nothing gets zeros. Vaswani et al., "Attention is all you need", NeurIPS 2017.
 *
 * @throws ShapeError where these shapes, or that of the mask, do not fit; OptionError unless 0 ≤ dropout ≤ 1.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  checkShapes(query, key, value);
  return attentionWeights(query, key, options).matmul(value);
}

/** How much each query takes of each value, [..., T, S], after dropout. */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  const { mask, causal = false, dropout = 0, scale = 1 / Math.sqrt(query.shape.at(-1)!) } = options;
  checkProbability("scaledDotProductAttention", "dropout", dropout);
  const scores = query.mul(scale).matmul(key.transpose());
  const weights = masked(scores, mask, causal);
  if (dropout === 0) return weights;
  const { generator } = options;
  return new Dropout(dropout, generator ? { generator } : {}).forward(weights);
}

/** The softmax of the scores that may be seen. */
function masked(scores: Tensor, mask: Tensor | undefined, causal: boolean): Tensor {
  if (mask) checkMask(mask, scores.shape);
  const isAdded = mask !== undefined && mask.dtype.startsWith("float");
  const added = isAdded ? scores.add(mask) : scores;
  const seen: Tensor[] = [];
  if (mask && !isAdded) seen.push(mask.notEqual(0));
  if (causal) seen.push(ones(scores.shape.slice(-2), { dtype: "int32" }).tril().notEqual(0));
  if (seen.length === 0) return added.softmax();
  const visible = seen.reduce((a, b) => a.logicalAnd(b));
  return where(visible, where(visible, added, unseen).softmax(), 0);
}
