import type { Generator } from "@chainrule/core";

/** A number from the standard normal distribution (Box and Muller, 1958); two keys are drawn. */
export function normal(generator: Generator): number {
  // 1 − u lies in (0, 1], where the logarithm is finite.
  return Math.sqrt(-2 * Math.log(1 - generator.uniform())) * Math.cos(2 * Math.PI * generator.uniform());
}

/** A number from [low, high). */
export const between = (generator: Generator, low: number, high: number): number =>
  low + (high - low) * generator.uniform();

/** Rates are drawn in parts of at most this, where e^−rate is far from underflow. */
const part = 30;

/** A count from the Poisson distribution (Knuth's product of uniforms, part by part). */
export function poisson(generator: Generator, rate: number): number {
  let count = 0;
  for (let left = rate; left > 0; left -= part) {
    const floor = Math.exp(-Math.min(left, part));
    let product = generator.uniform();
    while (product > floor) {
      count++;
      product *= generator.uniform();
    }
  }
  return count;
}
