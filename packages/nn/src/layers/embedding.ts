import { arange, IndexError, where, type Dtype, type Generator, type Tensor } from "@chainrule/core";
import { checkSizes } from "../check.ts";
import type { Initializer } from "../init/initializer.ts";
import { normal } from "../init/normal.ts";
import { Module } from "../module.ts";
import { Parameter, sharedParameter } from "../parameter.ts";

/** Options of Embedding. */
export interface EmbeddingOptions {
  /** A row that stays as it is: it starts as zeros and gets no gradient. Negative counts from the end. */
  readonly paddingIdx?: number;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from; the default generator unless given. */
  readonly generator?: Generator;
  /** Initial rows; PyTorch's unless given: normal with mean 0 and standard deviation 1. */
  readonly init?: Initializer;
  /** Another module's parameter [count, features] to share, for example that of a `Linear(features, count)`. */
  readonly weight?: Parameter;
}

/**
 * A table of learned vectors: y = W[x], with W [count, features]; whole-number indices x [...] give y [..., features].
 *
 * @throws OptionError unless both sizes are whole numbers ≥ 1, IndexError where `paddingIdx` is not a row; from
 * `forward` DtypeError where indices are not int32 or uint8, and IndexError once computed where one is not a row.
 */
export class Embedding extends Module {
  readonly weight: Parameter;
  /** The row that is not trained, counted from 0; null where all are. */
  readonly paddingIdx: number | null;

  constructor(count: number, features: number, options: EmbeddingOptions = {}) {
    super();
    checkSizes("Embedding", { count, features });
    const { init = normal(), paddingIdx } = options;
    this.paddingIdx = paddingIdx === undefined ? null : rowOf(paddingIdx, count);
    const shape = [count, features];
    const shared = sharedParameter("Embedding", options.weight, shape);
    this.weight = shared ?? new Parameter(this.#withoutPadding(init(shape, options)));
  }

  override forward(indices: Tensor): Tensor {
    const rows = this.weight.take(indices);
    if (this.paddingIdx === null) return rows;
    const trained = indices.notEqual(this.paddingIdx).expandDims(-1);
    return where(trained, rows, rows.stopGradient());
  }

  protected override describe(): string {
    const padding = this.paddingIdx === null ? "" : `, paddingIdx=${this.paddingIdx}`;
    return this.weight.shape.join(", ") + padding;
  }

  #withoutPadding(rows: Tensor): Tensor {
    if (this.paddingIdx === null) return rows;
    return where(arange(rows.shape[0]!).equal(this.paddingIdx).expandDims(-1), 0, rows);
  }
}

function rowOf(index: number, count: number): number {
  if (Number.isInteger(index) && index >= -count && index < count) return index < 0 ? index + count : index;
  throw new IndexError(
    `Embedding: paddingIdx ${index} is not one of the ${count} rows; use ${-count} … ${count - 1}`,
  );
}
