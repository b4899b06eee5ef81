import {
  type ConvolutionCase,
  type ElementwiseCase,
  outputSize,
  type ProductCase,
  type TrainingCase,
} from "./case.ts";
import { exampleSizeOf, isClassifier, type Network, outputsOf, parametersOf } from "./network.ts";

/**
 * Inputs are hashes of their position, so that every process, Python's included (`impl/torch.py`), makes the same
 * ones by itself. Streams are told apart by a seed.
 */
const seeds = {
  left: 1,
  right: 2,
  x: 3,
  y: 4,
  batch: 5,
  target: 6,
  image: 7,
  filters: 8,
  slope: 9,
  weights: 16,
} as const;

/** Numbers in [0, 1) with 24 random bits. */
function uniform(seed: number, length: number): Float64Array {
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    let hash = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    hash ^= hash >>> 15;
    values[i] = (hash >>> 8) / 2 ** 24;
  }
  return values;
}

/** Numbers in [centre − scale, centre + scale). */
const centred = (seed: number, length: number, scale: number, centre: number = 0): Float32Array =>
  Float32Array.from(uniform(seed, length), (u) => centre + (2 * u - 1) * scale);

/** The transpose of a matrix of so many rows. */
export function transposed(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  }
  return result;
}

/** A and B as they are stored: all forms of one size are the same product. */
export function productInputs({ n, form }: ProductCase): { a: Float32Array; b: Float32Array } {
  const a = centred(seeds.left, n * n, 1);
  const b = centred(seeds.right, n * n, 1);
  return { a: form === "TN" ? transposed(a, n) : a, b: form === "NT" ? transposed(b, n) : b };
}

export function elementwiseInputs({ rows, columns }: ElementwiseCase): { x: Float32Array; y: Float32Array } {
  return { x: centred(seeds.x, rows * columns, 4), y: centred(seeds.y, rows * columns, 4) };
}

/** The operands of a convolution: images, filters, and the gradient of the output. */
export interface ConvolutionOperands {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly dy: Float32Array;
}

export function convolutionInputs({ shape }: ConvolutionCase): ConvolutionOperands {
  const { batch, inChannels, outChannels, size, kernel } = shape;
  return {
    x: centred(seeds.image, batch * inChannels * size ** 2, 1),
    w: centred(seeds.filters, outChannels * inChannels * kernel ** 2, 1),
    dy: centred(seeds.slope, batch * outChannels * outputSize(shape) ** 2, 1),
  };
}

/** A batch; targets are class indices for classifiers, else numbers in [0, 1). */
export interface Batch {
  readonly x: Float32Array;
  readonly target: Float32Array | Int32Array;
}

export function trainingBatch({ network, batch }: TrainingCase): Batch {
  const outputs = outputsOf(network);
  const x = Float32Array.from(uniform(seeds.batch, batch * exampleSizeOf(network)));
  return isClassifier(network)
    ? { x, target: Int32Array.from(uniform(seeds.target, batch), (u) => Math.floor(u * outputs)) }
    : { x, target: Float32Array.from(uniform(seeds.target, batch * outputs)) };
}

/** The initial parameters in the order of `parametersOf`. */
export function initialParameters(network: Network): Float32Array[] {
  return parametersOf(network).map(({ shape, centre, scale }, i) => {
    const length = shape.reduce((size, extent) => size * extent, 1);
    return centred(seeds.weights + i, length, scale, centre);
  });
}

/** The order of `count` examples in an epoch. */
export function epochOrder(count: number, epoch: number): Int32Array {
  // The position breaks ties, so that any sort gives one order.
  const keys = Float64Array.from(uniform(1000 + epoch, count), (u, i) => u * 2 ** 24 * 65536 + i).sort();
  return Int32Array.from(keys, (key) => key % 65536);
}
