import { Generator } from "@chainrule/core";

/** Orders take their keys from far up the seed's stream, so that weights drawn under the same seed share none. */
export const firstKey: number = 2 ** 52;

/** The order of an epoch's examples: a permutation of 0 … length − 1 that (seed, epoch) fix on every backend. */
export function epochOrder(length: number, seed: number, epoch: number): Int32Array {
  return new Generator(seed, firstKey + epoch).permutation(length);
}
