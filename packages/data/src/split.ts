import { Generator, OptionError } from "@chainrule/core";
import type { Dataset } from "./dataset.ts";
import { reorder, strataOf } from "./strata.ts";
import { subset } from "./views.ts";

/** How examples are divided. */
export interface SplitOptions {
  /** Examples for the test: a share below 1, or a count. */
  readonly test: number;
  /** Examples for validation, likewise; default 0. */
  readonly validation?: number;
  readonly seed: number;
  /** The class of each example: every part then has the classes in the same proportions. */
  readonly stratify?: ArrayLike<number>;
}

/** Disjoint parts of a whole. */
export interface Split<T> {
  readonly train: T;
  readonly validation: T;
  readonly test: T;
}

/**
 * Indices 0 … count − 1 divided at random, in an order that the seed fixes.
 *
 * @throws OptionError for shares or counts that leave a part without examples, one class only, or a class with fewer
 * examples than there are parts.
 */
export function splitIndices(count: number, options: SplitOptions): Split<Int32Array> {
  const { seed, stratify } = options;
  const test = sizeOf("test", options.test, count);
  const validation = sizeOf("validation", options.validation ?? 0, count);
  const train = count - test - validation;
  if (
    test < 1 ||
    train < 1 ||
    (options.validation !== undefined && options.validation > 0 && validation < 1)
  ) {
    throw new OptionError(
      `trainTestSplit: of ${count} examples ${test} go to the test, ${validation} to validation and ${train} to ` +
        `training; each part needs at least one`,
    );
  }
  const generator = new Generator(seed);
  if (stratify === undefined) {
    const order = generator.permutation(count);
    return {
      test: order.slice(0, test),
      validation: order.slice(test, test + validation),
      train: order.slice(test + validation),
    };
  }
  const parts = [test, validation, train].filter((size) => size > 0).length;
  const strata = [...strataOf("trainTestSplit", stratify, count, parts).values()];
  const sizes = strata.map((members) => members.length);
  const ofTest = proportional(
    sizes,
    test,
    sizes.map((size) => size - (validation > 0 ? 2 : 1)),
  );
  const rest = sizes.map((size, i) => size - ofTest[i]! - 1);
  const ofValidation = validation > 0 ? proportional(sizes, validation, rest) : sizes.map(() => 0);
  const lists: { readonly [K in keyof Split<0>]: number[] } = { train: [], validation: [], test: [] };
  strata.forEach((members, i) => {
    const [forTest, forBoth] = [ofTest[i]!, ofTest[i]! + ofValidation[i]!];
    generator.permutation(members.length).forEach((from, rank) => {
      const list = rank < forTest ? lists.test : rank < forBoth ? lists.validation : lists.train;
      list.push(members[from]!);
    });
  });
  // Classes must not follow each other in blocks.
  const mix = (list: readonly number[]): Int32Array =>
    reorder(Int32Array.from(list), generator.permutation(list.length));
  return { train: mix(lists.train), validation: mix(lists.validation), test: mix(lists.test) };
}

/** A dataset divided into training, validation and test, drawn by the seed; nothing is copied. See `splitIndices`. */
export function trainTestSplit<K extends string>(
  dataset: Dataset<K>,
  options: SplitOptions,
): Split<Dataset<K>> {
  const { train, validation, test } = splitIndices(dataset.length, options);
  return {
    train: subset(dataset, train),
    validation: subset(dataset, validation),
    test: subset(dataset, test),
  };
}

function sizeOf(part: string, wanted: number, count: number): number {
  if (wanted >= 0 && wanted < 1) return Math.round(wanted * count);
  if (Number.isInteger(wanted) && wanted >= 1) return wanted;
  throw new OptionError(`trainTestSplit: ${part} is ${wanted}; give a share from 0 up to 1, or a count`);
}

/**
 * `total` shared out in proportion to `sizes` by largest remainders, at least 1 and at most `limits` each.
 *
 * @throws OptionError where the limits do not allow it.
 */
function proportional(sizes: readonly number[], total: number, limits: readonly number[]): number[] {
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const shares = sizes.map((size) => (size * total) / whole);
  const counts = shares.map((share, i) => Math.max(1, Math.min(Math.floor(share), limits[i]!)));
  let left = total - counts.reduce((sum, count) => sum + count, 0);
  while (left !== 0) {
    const step = Math.sign(left);
    let best = -1;
    counts.forEach((count, i) => {
      const open = step > 0 ? count < limits[i]! : count > 1;
      const gain = step * (shares[i]! - count);
      if (open && (best < 0 || gain > step * (shares[best]! - counts[best]!))) best = i;
    });
    if (best < 0) {
      throw new OptionError(
        `trainTestSplit: ${total} examples cannot be shared out to ${sizes.length} classes so that each class is in ` +
          `every part; change the sizes of the parts, or do not stratify`,
      );
    }
    counts[best]! += step;
    left -= step;
  }
  return counts;
}
