import { Generator, random } from "@chainrule/core";

/** A stream of numbers for one tensor, seeded by one key of the generator: it goes on by one, whatever the size. */
export function hostDraws(generator: Generator = random.defaultGenerator): Generator {
  const [low, high] = generator.nextKey() as unknown as [number, number];
  return new Generator((low >>> 0) + (high >>> 11) * 2 ** 32);
}

/** A standard normal number, by the Box–Muller transform. */
export const normalDraw = (draws: Generator): number =>
  Math.sqrt(-2 * Math.log(1 - draws.uniform())) * Math.cos(2 * Math.PI * draws.uniform());
