import { kFoldIndices } from "@chainrule/data";
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

/** Each part in turn is graded, the others are fitted, in the order of the rows. */
function foldsOf(
  rows: number,
  { splits, shuffle, seed }: Required<KFoldOptions>,
  labels?: readonly number[],
): Fold[] {
  const options = { k: splits, ...(shuffle && { seed }), ...(labels && { stratify: labels }) };
  return kFoldIndices(rows, options).map(({ train, validation }) => ({
    train: train.sort(),
    test: validation,
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
    return foldsOf(rows, this.options);
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

  /** The folds of rows with these labels. OptionError where k is larger than the sample or than a class, or there is one. */
  split(labels: readonly number[]): Fold[] {
    return foldsOf(labels.length, this.options, labels);
  }
}
