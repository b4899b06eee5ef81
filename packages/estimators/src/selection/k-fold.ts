import { Generator, OptionError } from "@chainrule/core";
import { checkWhole } from "../inputs.ts";

/** Rows to fit and rows to grade. */
export interface Fold {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** Parameters of KFold and StratifiedKFold. */
export interface KFoldOptions {
  /** k, how many folds; 5 unless given. */
  readonly splits?: number;
  /** Whether rows are put in random order first; false unless given. */
  readonly shuffle?: boolean;
  /** The seed of that order; 0 unless given. */
  readonly seed?: number;
}

function withDefaults(owner: string, options: KFoldOptions): Required<KFoldOptions> {
  const all = { splits: 5, shuffle: false, seed: 0, ...options };
  checkWhole(owner, "splits", all.splits, 2);
  return all;
}

/** Each group of rows in turn is graded, the others are fitted. */
function foldsOf(folds: readonly (readonly number[])[]): Fold[] {
  return folds.map((test, i) => ({
    train: Int32Array.from(folds.flatMap((rows, j) => (j === i ? [] : rows))).sort(),
    test: Int32Array.from(test),
  }));
}

/**
 * k parts of consecutive rows, or random ones, of sizes that differ by one at most.
 *
 * @throws OptionError unless k is a whole number ≥ 2.
 */
export class KFold {
  readonly options: Required<KFoldOptions>;

  constructor(options: KFoldOptions = {}) {
    this.options = withDefaults("KFold", options);
  }

  /** The folds of `rows` rows. OptionError where k is larger. */
  split(rows: number): Fold[] {
    const { splits, shuffle, seed } = this.options;
    if (splits > rows) {
      throw new OptionError(
        `KFold: ${splits} folds of ${rows} examples: k is larger than the sample; ask for ${rows} folds at most, ` +
          `which leave one out each`,
      );
    }
    const order = shuffle
      ? Array.from(new Generator(seed).permutation(rows))
      : Array.from({ length: rows }, (_, i) => i);
    const starts = Array.from({ length: splits + 1 }, (_, i) => {
      // The first rows % k folds have one row more.
      return i * Math.floor(rows / splits) + Math.min(i, rows % splits);
    });
    return foldsOf(starts.slice(1).map((end, i) => order.slice(starts[i], end)));
  }
}

/**
 * k parts with the same share of each class, as near as can be.
 *
 * @throws OptionError unless k is a whole number ≥ 2.
 */
export class StratifiedKFold {
  readonly options: Required<KFoldOptions>;

  constructor(options: KFoldOptions = {}) {
    this.options = withDefaults("StratifiedKFold", options);
  }

  /** The folds of rows with these labels. OptionError where k is larger than the sample or than a class. */
  split(labels: readonly number[]): Fold[] {
    const { splits, shuffle, seed } = this.options;
    if (splits > labels.length) {
      throw new OptionError(
        `StratifiedKFold: ${splits} folds of ${labels.length} examples: k is larger than the sample`,
      );
    }
    const classes = Map.groupBy(labels.keys(), (row) => labels[row]!);
    const folds: number[][] = Array.from({ length: splits }, () => []);
    const generator = new Generator(seed);
    let next = 0;
    for (const [label, rows] of [...classes].sort(([a], [b]) => a - b)) {
      if (rows.length < splits) {
        throw new OptionError(
          `StratifiedKFold: class ${label} has ${rows.length} examples, fewer than the ${splits} folds; ` +
            `use fewer folds, or KFold`,
        );
      }
      const order = shuffle ? Array.from(generator.permutation(rows.length), (i) => rows[i]!) : rows;
      // Dealt out in turn, going on where the class before stopped: fold sizes differ by one at most.
      for (const row of order) folds[next++ % splits]!.push(row);
    }
    return foldsOf(folds.map((rows) => rows.sort((a, b) => a - b)));
  }
}
