import { ShapeError, type Dtype, type Generator, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import type { Initializer } from "../init/initializer.ts";
import { uniform } from "../init/uniform.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of Bilinear. */
export interface BilinearOptions {
  /** Whether a bias is added; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from; the default generator unless given. */
  readonly generator?: Generator;
  /** Initial weight and bias; PyTorch's unless given: uniform in ±1/√in1. */
  readonly init?: Initializer;
}

/**
 * A form that is linear in each of two inputs: yₖ = x₁ᵀ·Wₖ·x₂ + bₖ, with W [out, in1, in2] and b [out]; x₁ [..., in1]
 * and x₂ [..., in2] give y [..., out].
 *
 * @throws OptionError unless all sizes are whole numbers ≥ 1; from `forward` ShapeError where the last axes are not
 * `in1` and `in2`, or the others differ.
 */
export class Bilinear extends Module<[Tensor, Tensor]> {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: BilinearOptions = {}) {
    super();
    checkSizes("Bilinear", { in1Features, in2Features, outFeatures });
    const bound = 1 / Math.sqrt(in1Features);
    const { bias = true, init = uniform(-bound, bound) } = options;
    this.weight = new Parameter(init([outFeatures, in1Features, in2Features], options));
    this.bias = bias ? new Parameter(init([outFeatures], options)) : null;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    const [out, in1, in2] = this.weight.shape as [number, number, number];
    const head = x1.shape.slice(0, -1);
    const fits = x1.shape.at(-1) === in1 && x2.shape.join() === [...head, in2].join();
    if (!fits || x2.rank === 0) {
      throw new ShapeError(
        `Bilinear(${this.describe()}): the inputs must be [..., ${in1}] and [..., ${in2}] with the other axes alike, ` +
          `but are [${x1.shape.join(", ")}] and [${x2.shape.join(", ")}]`,
      );
    }
    // One product of matrices, x₁·W as [rows, out·in2], then the sum over in2 of it times x₂.
    const weight = this.weight.permute(1, 0, 2).reshape(in1, out * in2);
    const left = x1.matmul(weight).reshape([...head, out, in2]);
    const y = left.mul(x2.expandDims(-2)).sum(-1);
    return this.bias ? y.add(this.bias) : y;
  }

  override multiplyAdds(output: Shape): number {
    return sizeOf(output) * this.weight.shape[1]! * this.weight.shape[2]!;
  }

  protected override describe(): string {
    const [out, in1, in2] = this.weight.shape;
    return `${in1}, ${in2}, ${out}, bias=${this.bias !== null}`;
  }
}
