import { Generator, OptionError } from "@chainrule/core";
import type { Dataset } from "./dataset.ts";
import { reorder, strataOf } from "./strata.ts";
import { subset } from "./views.ts";

/** How a sample is folded. */
export interface KFoldOptions {
  /** The number of folds; default 5. */
  readonly k?: number;
  /** Draws the order; without it examples keep theirs. */
  readonly seed?: number;
  /** The class of each example: every fold then has the classes in the same proportions. */
  readonly stratify?: ArrayLike<number>;
}

/** One part held out, the others to train on. */
export interface HeldOut<T> {
  readonly train: T;
  readonly validation: T;
}

/**
 * k divisions of 0 … count − 1: each index is held out once, and folds differ in size by at most one (by at most one
 * of each class where stratified).
 *
 * @throws OptionError for k below 2 or above the sample, one class only, or a class with fewer than k examples.
 * @see Kohavi, "A study of cross-validation and bootstrap", 1995
 */
export function kFoldIndices(count: number, options: KFoldOptions = {}): HeldOut<Int32Array>[] {
  const { k = 5, seed, stratify } = options;
  if (!Number.isInteger(k) || k < 2)
    throw new OptionError(`kFold: k is ${k}; it must be a whole number of at least 2`);
  if (k > count) {
    throw new OptionError(
      `kFold: k is ${k}, more than the ${count} examples of the sample; take k ≤ ${count}`,
    );
  }
  const generator = seed === undefined ? null : new Generator(seed);
  const shuffled = (members: Int32Array): Int32Array =>
    generator ? reorder(members, generator.permutation(members.length)) : members;
  const groups = stratify
    ? [...strataOf("kFold", stratify, count, k).values()]
    : [Int32Array.from({ length: count }, (_, i) => i)];
  // Classes are dealt out like cards, one after the other, so that no fold gets all the remainders; without classes a
  // fold is a run of neighbours.
  const order = groups.flatMap((members) => [...shuffled(members)]);
  const foldOf = new Int32Array(count);
  order.forEach((index, i) => {
    foldOf[index] = stratify ? i % k : Math.floor((i * k) / count);
  });
  return Array.from({ length: k }, (_, fold) => ({
    train: shuffled(withFold(foldOf, fold, false)),
    validation: withFold(foldOf, fold, true),
  }));
}

/** The indices in a fold, or outside it, ascending. */
function withFold(foldOf: Int32Array, fold: number, inside: boolean): Int32Array {
  const found: number[] = [];
  foldOf.forEach((of, index) => {
    if ((of === fold) === inside) found.push(index);
  });
  return Int32Array.from(found);
}

/** A dataset folded k times for cross-validation; nothing is copied. See `kFoldIndices`. */
export function kFold<K extends string>(
  dataset: Dataset<K>,
  options: KFoldOptions = {},
): HeldOut<Dataset<K>>[] {
  return kFoldIndices(dataset.length, options).map(({ train, validation }) => ({
    train: subset(dataset, train),
    validation: subset(dataset, validation),
  }));
}
