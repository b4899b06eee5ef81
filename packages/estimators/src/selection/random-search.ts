import { Generator, OptionError } from "@chainrule/core";
import type { Predictor } from "../estimator.ts";
import { checkWhole } from "../inputs.ts";
import type { CrossValidationOptions } from "./cross-validation.ts";
import { Search } from "./search.ts";

/** Draws a value. */
export type Sampler<T> = (generator: Generator) => T;

/** Where each parameter is drawn from: a sampler, or values of which each is as likely. */
export type Space<Parameters> = {
  readonly [Name in keyof Parameters]: readonly Parameters[Name][] | Sampler<Parameters[Name]>;
};

/** Uniform on [low, high). */
export function sampleUniform(low: number, high: number): Sampler<number> {
  if (!(low < high)) throw new OptionError(`sampleUniform: low < high, not ${low} and ${high}`);
  return (generator) => low + (high - low) * generator.uniform();
}

/** Uniform on a logarithmic scale, [low, high): for rates and penalties. */
export function sampleLogUniform(low: number, high: number): Sampler<number> {
  if (!(low > 0 && low < high))
    throw new OptionError(`sampleLogUniform: 0 < low < high, not ${low} and ${high}`);
  return (generator) => low * (high / low) ** generator.uniform();
}

/** Options of RandomSearch. */
export interface RandomSearchOptions<P extends Predictor = Predictor> extends CrossValidationOptions<P> {
  /** How many combinations are drawn; 10 unless given. */
  readonly nIter?: number;
  /** The seed of the draws; 0 unless given. */
  readonly seed?: number;
}

/**
 * Tries combinations drawn at random: better than a grid where few of many parameters matter. Bergstra and Bengio,
 * "Random search for hyper-parameter optimization", JMLR 2012.
 *
 * @throws OptionError unless `nIter` is a whole number ≥ 1, and where a parameter has no values.
 */
export class RandomSearch<Parameters extends object, P extends Predictor = Predictor> extends Search<
  Parameters,
  P
> {
  readonly space: Space<Parameters>;
  readonly #options: RandomSearchOptions<P>;

  constructor(
    make: (parameters: Parameters) => P,
    space: Space<Parameters>,
    options: RandomSearchOptions<P> = {},
  ) {
    super(make, options);
    checkWhole("RandomSearch", "nIter", options.nIter ?? 10, 1);
    for (const [name, values] of Object.entries<readonly unknown[] | Sampler<unknown>>(space)) {
      if (values.length === 0 && typeof values !== "function")
        throw new OptionError(`RandomSearch: there are no values of ${name} to draw from`);
    }
    this.space = space;
    this.#options = options;
  }

  override clone(): RandomSearch<Parameters, P> {
    return new RandomSearch(this.make, this.space, this.#options);
  }

  protected override candidates(): Parameters[] {
    const { nIter = 10, seed = 0 } = this.#options;
    const generator = new Generator(seed);
    const space = Object.entries<readonly unknown[] | Sampler<unknown>>(this.space);
    return Array.from({ length: nIter }, () =>
      Object.fromEntries(
        space.map(([name, from]) => [
          name,
          typeof from === "function" ? from(generator) : from[Math.floor(generator.uniform() * from.length)],
        ]),
      ),
    ) as Parameters[];
  }
}
