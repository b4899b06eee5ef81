import { multiplyAddsOf, type Network } from "./network.ts";

/** How the operands of a product are stored: T is a transposed one. */
export type Form = "NN" | "NT" | "TN";

/** C = A·B of n×n matrices. */
export interface ProductCase {
  readonly kind: "product";
  readonly n: number;
  readonly form: Form;
}

/** `chain` is √((relu(x·y + x) − y)²), six operations; softmax runs along rows; sum is over everything. */
export type ElementwiseOp = "chain" | "exp" | "softmax" | "sum";

export interface ElementwiseCase {
  readonly kind: "elementwise";
  readonly op: ElementwiseOp;
  readonly rows: number;
  readonly columns: number;
}

/** Training steps of a network on one batch: forward, loss, backward, update. */
export interface TrainingCase {
  readonly kind: "training";
  readonly network: Network;
  readonly optimizer: "sgd" | "adam";
  readonly learningRate: number;
  readonly batch: number;
  /** Whether an implementation that can capture or compile a step does so. */
  readonly captured: boolean;
}

/** The work of one row: the same for every implementation. */
export type WorkCase = ProductCase | ElementwiseCase | TrainingCase;

/** Training that goes on until a test accuracy is reached. */
export interface TargetCase {
  /** Folder with MNIST's four IDX files, not compressed. */
  readonly folder: string;
  readonly accuracy: number;
  readonly maxEpochs: number;
  /** Tests an epoch. */
  readonly testsPerEpoch: number;
  readonly training: TrainingCase;
}

/** Floating-point operations of one run, counted as multiplies and adds; null where that says nothing. */
export function flopsOf(work: WorkCase): number | null {
  switch (work.kind) {
    case "product":
      return 2 * work.n ** 3;
    case "elementwise":
      return null;
    case "training":
      return 2 * work.batch * multiplyAddsOf(work.network);
  }
}
