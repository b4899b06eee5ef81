import {
  OptionError,
  ShapeError,
  stack,
  where,
  zeros,
  concat,
  type Shape,
  type Tensor,
} from "@chainrule/core";
import { checkProbability, checkSizes } from "../check.ts";
import { Dropout } from "../layers/dropout.ts";
import { Module } from "../module.ts";
import { checkState } from "./cells.ts";
import type { Recurrence } from "./recurrence.ts";
import { RecurrentWeights, type RecurrentOptions } from "./weights.ts";

/** Options of RNN, LSTM and GRU. */
export interface RecurrentLayerOptions extends RecurrentOptions {
  /** Layers one above the other; 1 unless given. */
  readonly numLayers?: number;
  /** Whether the batch is the first axis, [N, T, ...], and not time, [T, N, ...]; false unless given, as in PyTorch. */
  readonly batchFirst?: boolean;
  /** The share of each layer's output, but the last one's, that is dropped in training; 0 unless given. */
  readonly dropout?: number;
  /** Whether each layer also reads backwards; false unless given. */
  readonly bidirectional?: boolean;
}

/** What RNN, LSTM and GRU share: running steps over sequences. */
export abstract class Recurrent<Inputs extends readonly unknown[], Output> extends Module<Inputs, Output> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly bidirectional: boolean;
  /** Those of layer 0 forwards, layer 0 backwards where there is that, layer 1, … */
  readonly weights: readonly RecurrentWeights[];
  readonly #dropout: Dropout;
  readonly #recurrence: Recurrence;
  readonly #layer: string;

  constructor(
    layer: string,
    recurrence: Recurrence,
    input: number,
    hidden: number,
    options: RecurrentLayerOptions,
  ) {
    super();
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false, generator } = options;
    checkSizes(layer, { inputSize: input, hiddenSize: hidden, numLayers });
    checkProbability(layer, "dropout", dropout);
    if (dropout > 0 && numLayers === 1) {
      throw new OptionError(`${layer}: dropout lies between layers, and there is one; give numLayers`);
    }
    this.inputSize = input;
    this.hiddenSize = hidden;
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.bidirectional = bidirectional;
    const directions = bidirectional ? 2 : 1;
    this.weights = Array.from({ length: numLayers * directions }, (_, i) => {
      const inputs = i < directions ? input : hidden * directions;
      return new RecurrentWeights(recurrence, inputs, hidden, options);
    });
    this.#dropout = new Dropout(dropout, generator ? { generator } : {});
    this.#recurrence = recurrence;
    this.#layer = layer;
  }

  /** The output and the last states, each [layers·directions, N, hidden]. */
  protected run(x: Tensor, initial: readonly Tensor[] | null, mask: Tensor | null): [Tensor, Tensor[]] {
    const steps = this.batchFirst && x.rank === 3 ? x.transpose(0, 1) : x;
    this.#check(x, steps.shape, mask);
    const batch = steps.shape[1]!;
    const shape = [this.weights.length, batch, this.hiddenSize];
    const { states, first } = this.#recurrence;
    const zeroState = (): Tensor[] => Array.from({ length: states }, () => zeros(shape, { dtype: x.dtype }));
    // A first step that needs no state saves a product, unless what is masked keeps that state.
    const start = initial ?? (first && !mask ? null : zeroState());
    if (start) checkState(this.#name, start, states, shape);
    const valid = mask && mask.notEqual(0).transpose();
    const directions = this.bidirectional ? 2 : 1;
    const last: (readonly Tensor[])[] = [];
    let y = steps;
    for (let layer = 0; layer < this.numLayers; layer++) {
      if (layer > 0 && this.training) y = this.#dropout.train().forward(y);
      const outputs: Tensor[] = [];
      for (let direction = 0; direction < directions; direction++) {
        const index = layer * directions + direction;
        const state = start && start.map((part) => part.slice(index));
        const [output, end] = this.#walk(y, this.weights[index]!, state, valid, direction === 1);
        outputs.push(output);
        last.push(end);
      }
      y = outputs.length === 1 ? outputs[0]! : concat(outputs, 2);
    }
    const ends = Array.from({ length: states }, (_, i) => stack(last.map((state) => state[i]!)));
    return [this.batchFirst ? y.transpose(0, 1) : y, ends];
  }

  /** One direction of one layer over x [T, N, ...]. */
  #walk(
    x: Tensor,
    weights: RecurrentWeights,
    start: readonly Tensor[] | null,
    valid: Tensor | null,
    backwards: boolean,
  ): [Tensor, readonly Tensor[]] {
    const length = x.shape[0]!;
    const { step, first } = this.#recurrence;
    const fromInput = weights.fromInput(x);
    const outputs: Tensor[] = [];
    let state = start;
    for (let i = 0; i < length; i++) {
      const t = backwards ? length - 1 - i : i;
      const now = fromInput.slice(t);
      const next = state ? step(now, weights.fromState(state[0]!), state) : first!(now);
      if (valid === null) {
        state = next;
        outputs[t] = next[0]!;
        continue;
      }
      // Past an example's end its state stays, and what is put out is 0: backwards that is a later start.
      const inside = valid.slice(t).expandDims(1);
      const before = state!;
      state = next.map((part, s) => where(inside, part, before[s]!));
      outputs[t] = where(inside, next[0]!, 0);
    }
    return [stack(outputs), state!];
  }

  get #name(): string {
    return `${this.#layer}(${this.inputSize}, ${this.hiddenSize})`;
  }

  #check(x: Tensor, [length, batch, features]: Shape, mask: Tensor | null): void {
    const axes = this.batchFirst ? "N, T" : "T, N";
    const given = `[${x.shape.join(", ")}]`;
    if (x.rank !== 3 || features !== this.inputSize) {
      throw new ShapeError(
        `${this.#name}: the input must be [${axes}, ${this.inputSize}], but its shape is ${given}`,
      );
    }
    if (length === 0)
      throw new ShapeError(`${this.#name}: the input ${given} has no steps; give at least one`);
    if (mask && mask.shape.join() !== `${batch},${length}`) {
      throw new ShapeError(
        `${this.#name}: the mask must be [N, T] = [${batch}, ${length}] for an input of ${given}, ` +
          `but its shape is [${mask.shape.join(", ")}]`,
      );
    }
  }

  override multiplyAdds(_output: Shape, [x]: readonly Shape[]): number {
    const uses = x![0]! * x![1]!;
    return this.weights.reduce((sum, one) => sum + uses * (one.weightIh.size + one.weightHh.size), 0);
  }

  protected override members(): Iterable<readonly [string, unknown]> {
    const directions = this.bidirectional ? 2 : 1;
    const named = this.weights.flatMap((weights, i) => {
      const backwards = i % directions === 1 ? "_reverse" : "";
      return weights.named(`_l${Math.floor(i / directions)}${backwards}`);
    });
    return [...super.members(), ...named];
  }

  protected override describe(): string {
    const { inputSize, hiddenSize, numLayers, batchFirst, bidirectional } = this;
    return `${inputSize}, ${hiddenSize}, numLayers=${numLayers}, batchFirst=${batchFirst}, bidirectional=${bidirectional}`;
  }
}
