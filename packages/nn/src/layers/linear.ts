import { ShapeError, type Dtype, type Generator, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import type { Initializer } from "../init/initializer.ts";
import { kaimingUniform } from "../init/kaiming.ts";
import { uniform } from "../init/uniform.ts";
import { Module } from "../module.ts";
import { Parameter, sharedParameter } from "../parameter.ts";

/** Options of Linear. */
export interface LinearOptions {
  /** Whether a bias is added; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from; the default generator unless given. */
  readonly generator?: Generator;
  /** Initial weight; PyTorch's unless given: uniform in ±1/√in. */
  readonly init?: Initializer;
  /** Initial bias; PyTorch's unless given: uniform in ±1/√in. */
  readonly biasInit?: Initializer;
  /** Another module's parameter [out, in] to share: it is one parameter, whose gradients add up. */
  readonly weight?: Parameter;
}

/**
 * An affine map of the last axis: y = x·Wᵀ + b, with W [out, in] and b [out]; x [..., in] gives y [..., out].
 *
 * @throws OptionError unless both sizes are whole numbers ≥ 1; ShapeError where a shared weight is not [out, in], and
 * from `forward` where the last axis is not `in`.
 */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkSizes("Linear", { inFeatures, outFeatures });
    const bound = 1 / Math.sqrt(inFeatures);
    const {
      bias = true,
      init = kaimingUniform({ a: Math.sqrt(5) }),
      biasInit = uniform(-bound, bound),
    } = options;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    const shape = [outFeatures, inFeatures];
    this.weight = sharedParameter("Linear", options.weight, shape) ?? new Parameter(init(shape, options));
    this.bias = bias ? new Parameter(biasInit([outFeatures], options)) : null;
  }

  override forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inFeatures) {
      throw new ShapeError(
        `Linear(${this.inFeatures}, ${this.outFeatures}): the last axis of the input must be ${this.inFeatures}, ` +
          `but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const y = x.matmul(this.weight.T);
    return this.bias ? y.add(this.bias) : y;
  }

  override multiplyAdds(output: Shape): number {
    return sizeOf(output) * this.inFeatures;
  }

  protected override describe(): string {
    return `${this.inFeatures}, ${this.outFeatures}, bias=${this.bias !== null}`;
  }
}
