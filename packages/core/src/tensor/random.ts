import { isFloat, type Dtype } from "../dtype.ts";
import { DtypeError, OptionError } from "../errors.ts";
import * as g from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { Generator } from "../random/generator.ts";
import { checkedShape, type Shape } from "../shape.ts";
import { hostValue } from "./create.ts";
import { Tensor } from "./tensor.ts";

export interface RandomOptions {
  /** float32 (the default) or float64. */
  readonly dtype?: Dtype;
  /** Where keys come from; the default generator where it is not given. */
  readonly generator?: Generator;
}

export interface UniformOptions extends RandomOptions {
  readonly low?: number;
  readonly high?: number;
}

export interface NormalOptions extends RandomOptions {
  readonly mean?: number;
  readonly std?: number;
}

export interface BernoulliOptions extends RandomOptions {
  /** The probability of 1. */
  readonly p?: number;
}

let defaultGenerator = new Generator(0);

/** A key drawn now, or at each replay of a captured step, from the generator that is then the default. */
function nextKey(generator: Generator | undefined): Node {
  return hostValue(() => (generator ?? defaultGenerator).nextKey(), { shape: [2], dtype: "int32" }).node;
}

/** Throws unless a draw has a shape and a float dtype. */
export function checkDraw(operation: string, shape: Shape, dtype: Dtype): void {
  checkedShape(operation, shape);
  if (!isFloat(dtype)) throw new DtypeError(`${operation}: draws float32 or float64, not ${dtype}`);
}

/** The low bits of fresh random words as a float, exact. */
function lowBits(generator: Generator | undefined, shape: Shape, bits: number, dtype: Dtype): Node {
  const words = g.randomBits(nextKey(generator), [...shape]);
  return g.cast(g.mod(words, g.constantLike(words, 2 ** bits)), dtype);
}

/** Uniform on [0, 1): all multiples of 2⁻²⁴ (float32) or 2⁻⁵³ (float64) alike. */
export function unit(generator: Generator | undefined, shape: Shape, dtype: Dtype): Node {
  if (dtype === "float32") {
    const bits = lowBits(generator, shape, 24, dtype);
    return g.mul(bits, g.constantLike(bits, 2 ** -24));
  }
  const high = lowBits(generator, shape, 26, dtype);
  const low = lowBits(generator, shape, 27, dtype);
  const bits = g.add(g.mul(high, g.constantLike(high, 2 ** 27)), low);
  return g.mul(bits, g.constantLike(bits, 2 ** -53));
}

/** factor·x + offset. */
export const scaled = (x: Node, factor: number, offset: number): Node =>
  g.add(g.mul(x, g.constantLike(x, factor)), g.constantLike(x, offset));

/** Standard normal numbers by the Box–Muller transform, √(−2 ln(1 − u))·cos 2πv. */
function gauss(generator: Generator | undefined, shape: Shape, dtype: Dtype): Node {
  const u = unit(generator, shape, dtype);
  const v = unit(generator, shape, dtype);
  const radius = g.sqrt(g.mul(g.log1p(g.neg(u)), g.constantLike(u, -2)));
  return g.mul(radius, g.cos(g.mul(v, g.constantLike(v, 2 * Math.PI))));
}

/**
 * Random tensors from counter-based streams: the same seed gives the same numbers on every backend and thread
 * count, and a captured step draws afresh at each replay, as the uncaptured one would.
 */
export const random = {
  get defaultGenerator(): Generator {
    return defaultGenerator;
  },

  /** Starts the default generator anew. */
  seed(seed: number): void {
    defaultGenerator = new Generator(seed);
  },

  /** Uniform on [low, high), [0, 1) where not given. */
  uniform(shape: Shape, options: UniformOptions = {}): Tensor {
    const { low = 0, high = 1, dtype = "float32", generator } = options;
    checkDraw("random.uniform", shape, dtype);
    if (!(low <= high)) throw new OptionError(`random.uniform: low ≤ high, not ${low} and ${high}`);
    if (low === 0 && high === 1) return new Tensor(unit(generator, shape, dtype));
    const drawn = scaled(unit(generator, shape, dtype), high - low, low === 0 ? -0 : low);
    // The sum may round up to `high`, which is not of the range.
    return new Tensor(g.where(g.lt(drawn, g.constantLike(drawn, high)), drawn, g.constantLike(drawn, low)));
  },

  /** Normal with mean 0 and standard deviation 1, or as given. */
  normal(shape: Shape, options: NormalOptions = {}): Tensor {
    const { mean = 0, std = 1, dtype = "float32", generator } = options;
    checkDraw("random.normal", shape, dtype);
    if (!(std >= 0)) throw new OptionError(`random.normal: std ≥ 0, not ${std}`);
    return new Tensor(scaled(gauss(generator, shape, dtype), std, mean === 0 ? -0 : mean));
  },

  /** 1 with probability p (0.5 where not given), else 0. */
  bernoulli(shape: Shape, options: BernoulliOptions = {}): Tensor {
    const { p = 0.5, dtype = "float32", generator } = options;
    checkDraw("random.bernoulli", shape, dtype);
    if (!(p >= 0 && p <= 1))
      throw new OptionError(`random.bernoulli: p is a probability from 0 to 1, not ${p}`);
    const drawn = unit(generator, shape, "float32");
    return new Tensor(g.cast(g.lt(drawn, g.constantLike(drawn, p)), dtype));
  },

  /** 0 … n − 1 in random order, int32; made on the host. */
  permutation(n: number, options: Pick<RandomOptions, "generator"> = {}): Tensor {
    const { generator } = options;
    if (!Number.isInteger(n) || n < 0)
      throw new OptionError(`random.permutation: n is a whole number ≥ 0, not ${n}`);
    return hostValue(() => (generator ?? defaultGenerator).permutation(n), { shape: [n], dtype: "int32" });
  },
};
