import type { Tensor } from "@chainrule/core";
import { elman, gru, lstm } from "./recurrence.ts";
import { Recurrent, type RecurrentLayerOptions } from "./sequence.ts";

/** Options of RNN. */
export interface RNNOptions extends RecurrentLayerOptions {
  /** "tanh" unless given. */
  readonly nonlinearity?: "tanh" | "relu";
}

/**
 * Plain recurrent layers over sequences: h_t = tanh(W_ih·x_t + b_ih + W_hh·h_(t−1) + b_hh). x is [T, N, input], or
 * [N, T, input] with `batchFirst`; the output has the last layer's h_t in place of x_t, both directions side by side, and
 * the state, [layers·directions, N, hidden], is the one after each layer's last step. It starts from `state` or zeros:
 * give the state of one stretch, with `stopGradient()`, to the next for truncated backpropagation through time. `mask`
 * [N, T] is other than 0 where an example still goes on; past its end its state stays and its output is 0, as with
 * PyTorch's packed sequences. Parameters are `weight_ih_l0`, … Elman, "Finding structure in time", 1990.
 *
 * @throws OptionError where a size is not a whole number ≥ 1; from `forward` ShapeError where input, state or mask has
 * another shape, or there is no step.
 */
export class RNN extends Recurrent<
  [x: Tensor, state?: Tensor | null, mask?: Tensor | null],
  [Tensor, Tensor]
> {
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    super("RNN", elman(options.nonlinearity ?? "tanh"), inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, state: Tensor | null = null, mask: Tensor | null = null): [Tensor, Tensor] {
    const [output, [end]] = this.run(x, state && [state], mask);
    return [output, end!];
  }
}

/**
 * Gated recurrent units over sequences; shapes, state and mask as in `RNN`. Cho et al., "Learning phrase representations
 * using RNN encoder-decoder", EMNLP 2014.
 *
 * @throws as `RNN`.
 */
export class GRU extends Recurrent<
  [x: Tensor, state?: Tensor | null, mask?: Tensor | null],
  [Tensor, Tensor]
> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentLayerOptions = {}) {
    super("GRU", gru, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, state: Tensor | null = null, mask: Tensor | null = null): [Tensor, Tensor] {
    const [output, [end]] = this.run(x, state && [state], mask);
    return [output, end!];
  }
}

/** The hidden and the cell state of an LSTM, each [layers·directions, N, hidden]. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

/**
 * Long short-term memory over sequences; shapes and mask as in `RNN`, the state a pair (h, c). Hochreiter and
 * Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.
 *
 * @throws as `RNN`.
 */
export class LSTM extends Recurrent<
  [x: Tensor, state?: LSTMState | null, mask?: Tensor | null],
  [Tensor, LSTMState]
> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentLayerOptions = {}) {
    super("LSTM", lstm, inputSize, hiddenSize, options);
  }

  override forward(
    x: Tensor,
    state: LSTMState | null = null,
    mask: Tensor | null = null,
  ): [Tensor, LSTMState] {
    const [output, [hidden, cell]] = this.run(x, state, mask);
    return [output, [hidden!, cell!]];
  }
}
