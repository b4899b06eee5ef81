import type { ConvolutionCase, ElementwiseCase, ProductCase, TrainingCase } from "../case.ts";
import type { Batch, ConvolutionOperands } from "../inputs.ts";

/** A computation with its inputs in place. */
export interface Computation {
  /** Computes it that many times, each time in full. */
  repeat(times: number): void | Promise<void>;
  /** The last result. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** A network with its optimiser. */
export interface Trainer {
  /** The batch of the steps to come. */
  load(batch: Batch): void;
  steps(count: number): void | Promise<void>;
  /** The loss of the last step, before its update. */
  loss(): Promise<number>;
  /** Weight [out, in] and bias [out] of each layer, one after the other. */
  parameters(): Promise<Float32Array[]>;
  /** The network's outputs for inputs [rows, in]. */
  outputs(x: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

/** What every implementation can do; work that one cannot do throws. */
export interface Implementation {
  readonly version: string;
  /** What really runs, for example "simd, 2 threads". */
  readonly mode: string;
  readonly threads: number;
  product(work: ProductCase, a: Float32Array, b: Float32Array): Computation;
  elementwise(work: ElementwiseCase, x: Float32Array, y: Float32Array): Computation;
  convolution(work: ConvolutionCase, operands: ConvolutionOperands): Computation;
  trainer(work: TrainingCase, parameters: readonly Float32Array[]): Trainer;
  /** Where `watch` was asked for and the framework can tell. */
  held?(): Held;
}

/** What an implementation has held in memory. */
export interface Held {
  /** The most bytes that tensors have had at once: parameters, optimiser state, inputs and all between. */
  readonly tensors: number;
  /** Bytes of all linear memories of WASM: besides tensors there are scratch, tables, and what is free; 0 without any. */
  readonly linearMemory: number;
}

/** What a file of this folder exports, by name: it loads the framework and makes it ready. */
export type Open = (options: {
  readonly threads: number;
  readonly peers: string;
  /** Whether `held` will be asked for. */
  readonly watch: boolean;
}) => Promise<Implementation>;
