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

/** A convolution of square images with square filters: x [N, C, S, S], w [O, C, k, k], y [N, O, S′, S′]. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros on each side. */
  readonly padding: number;
}

/** S′. */
export const outputSize = ({ size, kernel, stride, padding }: ConvolutionShape): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

/** One layer of a convolution without a bias: its output, or from the output's gradient that of x or of w. */
export interface ConvolutionCase {
  readonly kind: "convolution";
  readonly shape: ConvolutionShape;
  readonly pass: "forward" | "input" | "weight";
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
export type WorkCase = ProductCase | ElementwiseCase | ConvolutionCase | TrainingCase;

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
    case "convolution": {
      const { batch, inChannels, outChannels, kernel } = work.shape;
      return 2 * batch * outChannels * outputSize(work.shape) ** 2 * inChannels * kernel ** 2;
    }
    case "training":
      return 2 * work.batch * multiplyAddsOf(work.network);
  }
}
