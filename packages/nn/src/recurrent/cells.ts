import { ShapeError, zeros, type Shape, type Tensor } from "@chainrule/core";
import { checkSizes, sizeOf } from "../check.ts";
import { Module } from "../module.ts";
import { elman, gru, lstm, type Recurrence } from "./recurrence.ts";
import { RecurrentWeights, type RecurrentOptions } from "./weights.ts";

/** Options of RNNCell. */
export interface RNNCellOptions extends RecurrentOptions {
  /** "tanh" unless given. */
  readonly nonlinearity?: "tanh" | "relu";
}

/** What cells share: one step of one layer. */
abstract class Cell<Inputs extends readonly unknown[], Output> extends Module<Inputs, Output> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly weights: RecurrentWeights;
  readonly #recurrence: Recurrence;
  readonly #layer: string;

  constructor(
    layer: string,
    recurrence: Recurrence,
    input: number,
    hidden: number,
    options: RecurrentOptions,
  ) {
    super();
    checkSizes(layer, { inputSize: input, hiddenSize: hidden });
    this.inputSize = input;
    this.hiddenSize = hidden;
    this.weights = new RecurrentWeights(recurrence, input, hidden, options);
    this.#recurrence = recurrence;
    this.#layer = layer;
  }

  /** The state after x [N, input], from that before, or from zeros. */
  protected next(x: Tensor, before: readonly Tensor[] | null): readonly Tensor[] {
    const { inputSize, hiddenSize, weights } = this;
    const name = `${this.#layer}(${inputSize}, ${hiddenSize})`;
    if (x.rank !== 2 || x.shape[1] !== inputSize) {
      throw new ShapeError(
        `${name}: the input must be [N, ${inputSize}], but its shape is [${x.shape.join(", ")}]`,
      );
    }
    const shape = [x.shape[0]!, hiddenSize];
    const { states, step, first } = this.#recurrence;
    const fromInput = weights.fromInput(x);
    if (before === null && first) return first(fromInput);
    const state = before ?? Array.from({ length: states }, () => zeros(shape, { dtype: x.dtype }));
    checkState(name, state, states, shape);
    return step(fromInput, weights.fromState(state[0]!), state);
  }

  override multiplyAdds(output: Shape): number {
    return sizeOf(output) * this.#recurrence.gates * (this.inputSize + this.hiddenSize);
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    return [...super.members(), ...this.weights.named("")];
  }

  protected override describe(): string {
    return `${this.inputSize}, ${this.hiddenSize}, bias=${this.weights.biasIh !== null}`;
  }
}

/** Throws a ShapeError unless a state is so many tensors of a shape. */
export function checkState(layer: string, state: readonly Tensor[], count: number, shape: Shape): void {
  if (state.length === count && state.every((part) => part.shape.join() === shape.join())) return;
  const given = state.map((part) => `[${part.shape.join(", ")}]`).join(" and ");
  throw new ShapeError(
    `${layer}: the state must be ${count === 1 ? "a tensor" : `${count} tensors`} [${shape.join(", ")}], not ${given}`,
  );
}

/**
 * One step of a plain recurrent layer: h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), for x [N, input] and h [N, hidden];
 * without h it starts from zeros.
 *
 * @throws OptionError unless both sizes are whole numbers ≥ 1; from `forward` ShapeError where x or h has another shape.
 */
export class RNNCell extends Cell<[x: Tensor, hidden?: Tensor | null], Tensor> {
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    super("RNNCell", elman(options.nonlinearity ?? "tanh"), inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, hidden: Tensor | null = null): Tensor {
    return this.next(x, hidden && [hidden])[0]!;
  }
}

/**
 * One step of a gated recurrent unit, from x [N, input] and h [N, hidden] to h′; without h it starts from zeros. Cho et
 * al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.
 *
 * @throws as `RNNCell`.
 */
export class GRUCell extends Cell<[x: Tensor, hidden?: Tensor | null], Tensor> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super("GRUCell", gru, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, hidden: Tensor | null = null): Tensor {
    return this.next(x, hidden && [hidden])[0]!;
  }
}

/**
 * One step of long short-term memory, from x [N, input] and (h, c), both [N, hidden], to (h′, c′); without a state it
 * starts from zeros. Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.
 *
 * @throws as `RNNCell`.
 */
export class LSTMCell extends Cell<[x: Tensor, state?: readonly [Tensor, Tensor] | null], [Tensor, Tensor]> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super("LSTMCell", lstm, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, state: readonly [Tensor, Tensor] | null = null): [Tensor, Tensor] {
    return [...this.next(x, state)] as [Tensor, Tensor];
  }
}
