import { ShapeError, where, type Dtype, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes } from "../check.ts";
import { constant } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of PReLU. */
export interface PReLUOptions {
  /** The slope at first; 0.25 unless given. */
  readonly slope?: number;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/**
 * A leaky rectifier with given slopes, elementwise: y = x where x > 0, else w·x; at 0 the derivative is w. `weight` is
 * [1], or has a slope for each channel: for each size of axis 1 (of axis 0 for a vector).
 *
 * @throws ShapeError where there are neither 1 nor as many slopes as channels.
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const axis = x.rank > 1 ? 1 : 0;
  const channels = x.rank === 0 ? 1 : x.shape[axis]!;
  if (weight.rank !== 1 || (weight.size !== 1 && weight.size !== channels)) {
    throw new ShapeError(
      `prelu: for [${x.shape.join(", ")}] the slopes are [1] or [${channels}], not [${weight.shape.join(", ")}]`,
    );
  }
  const slopes = weight.reshape(x.shape.map((_, i) => (i === axis ? weight.size : 1)));
  return where(x.greater(0), x, x.mul(slopes));
}

/**
 * A leaky rectifier whose slopes are learned: one, or one a channel; see `prelu`. He et al., "Delving deep into
 * rectifiers", ICCV 2015.
 *
 * @throws OptionError unless the number of slopes is a whole number ≥ 1.
 */
export class PReLU extends Module {
  readonly weight: Parameter;

  constructor(slopes: number = 1, options: PReLUOptions = {}) {
    super();
    checkSizes("PReLU", { slopes });
    this.weight = new Parameter(constant(options.slope ?? 0.25)([slopes], options));
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  override multiplyAdds(output: Shape): number {
    return output.reduce((product, size) => product * size, 1);
  }

  protected override describe(): string {
    return String(this.weight.size);
  }
}
