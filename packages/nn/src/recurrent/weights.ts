import type { Dtype, Generator, Tensor } from "@chainrule/core";
import type { Initializer } from "../init/initializer.ts";
import { uniform } from "../init/uniform.ts";
import { Parameter } from "../parameter.ts";
import type { Recurrence } from "./recurrence.ts";

/** Options of all recurrent cells and layers. */
export interface RecurrentOptions {
  /** Whether there are biases; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where the initial numbers come from; the default generator unless given. */
  readonly generator?: Generator;
  /** Initial weights and biases; PyTorch's unless given: uniform in ±1/√hidden. */
  readonly init?: Initializer;
}

/** The parameters of one direction of one layer. */
export class RecurrentWeights {
  /** [gates·hidden, inputs] */
  readonly weightIh: Parameter;
  /** [gates·hidden, hidden] */
  readonly weightHh: Parameter;
  /** [gates·hidden] */
  readonly biasIh: Parameter | null;
  /** [gates·hidden] */
  readonly biasHh: Parameter | null;
  readonly #addsBiases: boolean;

  constructor(recurrence: Recurrence, inputs: number, hidden: number, options: RecurrentOptions) {
    const bound = 1 / Math.sqrt(hidden);
    const { bias = true, init = uniform(-bound, bound) } = options;
    const rows = recurrence.gates * hidden;
    this.#addsBiases = recurrence.first !== undefined;
    this.weightIh = new Parameter(init([rows, inputs], options));
    this.weightHh = new Parameter(init([rows, hidden], options));
    this.biasIh = bias ? new Parameter(init([rows], options)) : null;
    this.biasHh = bias ? new Parameter(init([rows], options)) : null;
  }

  /** W_ih·x + b_ih over the last axis, of all steps at once; with b_hh where that is only added. */
  fromInput(x: Tensor): Tensor {
    const { biasIh, biasHh } = this;
    const bias = this.#addsBiases && biasIh && biasHh ? biasIh.add(biasHh) : biasIh;
    return affine(x, this.weightIh, bias);
  }

  /** W_hh·h over the last axis, with b_hh where `fromInput` has it not. */
  fromState(hidden: Tensor): Tensor {
    return affine(hidden, this.weightHh, this.#addsBiases ? null : this.biasHh);
  }

  /** Under PyTorch's names, each followed by `suffix`. */
  named(suffix: string): [string, Parameter | null][] {
    return [
      [`weight_ih${suffix}`, this.weightIh],
      [`weight_hh${suffix}`, this.weightHh],
      [`bias_ih${suffix}`, this.biasIh],
      [`bias_hh${suffix}`, this.biasHh],
    ];
  }
}

function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const y = x.matmul(weight.T);
  return bias ? y.add(bias) : y;
}
