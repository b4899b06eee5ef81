import { Generator, OptionError } from "@chainrule/core";
import { firstKey } from "./order.ts";

/** Which examples an epoch takes, and in which order: fixed by seed and epoch alone, so that a loader can be resumed. */
export interface Sampler {
  /** Examples of the dataset that it was made for. */
  readonly datasetLength: number;
  /** Examples an epoch. */
  readonly length: number;
  readonly order: (seed: number, epoch: number) => Int32Array;
}

/** Options of `weightedSampler`. */
export interface WeightedSamplerOptions {
  /** Examples an epoch; default: as many as the dataset has. */
  readonly count?: number;
  /** Whether an example can come several times in an epoch; default true. */
  readonly replacement?: boolean;
}

/**
 * Draws examples with probabilities in proportion to their weights.
 *
 * @throws OptionError for weights that are negative, not finite or all 0, or for more draws without replacement than
 * there are weights above 0.
 * @see Efraimidis, Spirakis, "Weighted random sampling with a reservoir", 2006, for draws without replacement
 */
export function weightedSampler(weights: ArrayLike<number>, options: WeightedSamplerOptions = {}): Sampler {
  const { count = weights.length, replacement = true } = options;
  const values = Float64Array.from(weights);
  checkCount("weightedSampler", count);
  const bad = values.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0)
    throw new OptionError(
      `weightedSampler: weight ${bad} is ${values[bad]}; weights are finite and not negative`,
    );
  const possible = values.filter((weight) => weight > 0).length;
  if (possible === 0) throw new OptionError("weightedSampler: no weight is above 0");
  if (!replacement && count > possible) {
    throw new OptionError(
      `weightedSampler: ${count} draws without replacement from ${possible} examples with a weight above 0`,
    );
  }
  const draw = replacement ? withReplacement(values, count) : withoutReplacement(values, count);
  return {
    datasetLength: values.length,
    length: count,
    order: (seed, epoch) => draw(generatorOf(seed, epoch)),
  };
}

/** A stream for each epoch, far from the seed's own and apart from the orders of shuffling. */
const generatorOf = (seed: number, epoch: number): Generator =>
  // An epoch's permutation seeds its stream, which can then be as long as it needs to be.
  new Generator(Math.floor(new Generator(seed, firstKey + epoch).uniform() * 2 ** 53));

function withReplacement(weights: Float64Array, count: number): (generator: Generator) => Int32Array {
  const sums = new Float64Array(weights.length);
  let [total, last] = [0, 0];
  weights.forEach((weight, i) => {
    total += weight;
    sums[i] = total;
    if (weight > 0) last = i;
  });
  return (generator) =>
    Int32Array.from({ length: count }, () => {
      const target = generator.uniform() * total;
      // The first sum above the target: an example of weight 0 raises no sum and is never the first.
      let [low, high] = [0, last];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sums[middle]! > target) high = middle;
        else low = middle + 1;
      }
      return low;
    });
}

function withoutReplacement(weights: Float64Array, count: number): (generator: Generator) => Int32Array {
  return (generator) => {
    const keys = weights.map((weight) => {
      const unit = generator.uniform();
      return weight > 0 ? Math.log(1 - unit) / weight : -Infinity;
    });
    return Int32Array.from(keys.keys())
      .sort((a, b) => keys[b]! - keys[a]!)
      .slice(0, count);
  };
}

/** Options of `balancedSampler`. */
export interface BalancedSamplerOptions {
  /** Examples an epoch; default: as many as the dataset has. */
  readonly count?: number;
}

/**
 * Draws each class equally often, whatever its size: examples of small classes come several times, those of large ones
 * are left out in turn. Shares differ by at most one example.
 *
 * @throws OptionError where there are no labels.
 */
export function balancedSampler(labels: ArrayLike<number>, options: BalancedSamplerOptions = {}): Sampler {
  const { count = labels.length } = options;
  checkCount("balancedSampler", count);
  const classes = Map.groupBy(Array.from(labels).keys(), (index) => labels[index]!);
  const members = [...classes.keys()].sort((a, b) => a - b).map((label) => classes.get(label)!);
  if (members.length === 0) throw new OptionError("balancedSampler: there are no labels");
  return {
    datasetLength: labels.length,
    length: count,
    order: (seed, epoch) => {
      const generator = generatorOf(seed, epoch);
      // Which classes get one more, where the count does not divide, is drawn too.
      const ranks = generator.permutation(members.length);
      const drawn = members.flatMap((list, i) => {
        const wanted = Math.floor(count / members.length) + (ranks[i]! < count % members.length ? 1 : 0);
        const rounds = Math.ceil(wanted / list.length);
        return Array.from({ length: rounds }, () =>
          Array.from(generator.permutation(list.length), (j) => list[j]!),
        )
          .flat()
          .slice(0, wanted);
      });
      return generator.permutation(drawn.length).map((j) => drawn[j]!);
    },
  };
}

function checkCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new OptionError(`${what}: count is ${count}; it must be a whole number of at least 1`);
  }
}
