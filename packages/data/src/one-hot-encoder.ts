import { FormatError, OptionError, ShapeError, StateError } from "@chainrule/core";
import type { HostArray } from "./dataset.ts";

/** A value of a categorical feature. */
export type Category = string | number;

/** What an encoder learnt. Plain JSON. */
export interface OneHotState {
  readonly kind: "onehot";
  readonly categories: readonly Category[];
  readonly unknown: "error" | "zeros";
}

/** Options of OneHotEncoder. */
export interface OneHotOptions {
  /** What a value that the fit did not see becomes: an error (the default), or a row of zeros. */
  readonly unknown?: "error" | "zeros";
}

/**
 * Categories as rows with a single 1: `transform` gives float32 [n, categories], in ascending order of the categories
 * that `fit` saw.
 */
export class OneHotEncoder {
  readonly #unknown: "error" | "zeros";
  #categories: readonly Category[] | null = null;

  constructor(options: OneHotOptions = {}) {
    this.#unknown = options.unknown ?? "error";
  }

  /** The categories by column. @throws StateError before `fit`. */
  get categories(): readonly Category[] {
    if (this.#categories) return this.#categories;
    throw new StateError("OneHotEncoder: fit it first, to the training data");
  }

  /** What was learnt, to be stored. */
  get state(): OneHotState {
    return { kind: "onehot", categories: this.categories, unknown: this.#unknown };
  }

  /** Learns the categories. @throws OptionError for no values, or NaN. */
  fit(values: ArrayLike<Category>): this {
    const seen = [...new Set(Array.from(values))];
    if (seen.length === 0 || seen.some(Number.isNaN)) {
      throw new OptionError(
        `OneHotEncoder: ${seen.length === 0 ? "there are no values" : "NaN is no category"}`,
      );
    }
    this.#categories = seen.sort((a, b) =>
      typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1,
    );
    return this;
  }

  /** Values as rows. @throws OptionError for a value that the fit did not see, unless those become zeros. */
  transform(values: ArrayLike<Category>): HostArray {
    const { categories } = this;
    const columns = new Map(categories.map((category, i) => [category, i]));
    const data = new Float32Array(values.length * categories.length);
    for (let i = 0; i < values.length; i++) {
      const column = columns.get(values[i]!);
      if (column !== undefined) data[i * categories.length + column] = 1;
      else if (this.#unknown === "error") {
        throw new OptionError(
          `OneHotEncoder: value ${i} is ${JSON.stringify(values[i])}, which the fit did not see; it saw ` +
            categories.map((category) => JSON.stringify(category)).join(", "),
        );
      }
    }
    return { data, shape: [values.length, categories.length] };
  }

  /** The category of the largest number of each row; null for a row of zeros. @throws ShapeError for other columns. */
  inverse({ data, shape }: HostArray): (Category | null)[] {
    const { categories } = this;
    const width = categories.length;
    if (shape.length !== 2 || shape[1] !== width) {
      throw new ShapeError(`OneHotEncoder: expected [n, ${width}], and this is [${shape.join(", ")}]`);
    }
    return Array.from({ length: shape[0]! }, (_, row) => {
      const values = Array.from(data.subarray(row * width, (row + 1) * width));
      if (values.every((value) => value === 0)) return null;
      return categories[values.indexOf(Math.max(...values))] ?? null;
    });
  }

  /** For JSON.stringify. */
  toJSON(): OneHotState {
    return this.state;
  }

  /** The encoder whose `state` was stored. @throws FormatError where it is not one. */
  static fromState(state: OneHotState): OneHotEncoder {
    const { kind, categories, unknown } = (state ?? {}) as Partial<OneHotState>;
    const fits =
      kind === "onehot" &&
      Array.isArray(categories) &&
      categories.length > 0 &&
      new Set(categories).size === categories.length &&
      categories.every((category) => typeof category === "string" || typeof category === "number");
    if (!fits || (unknown !== "error" && unknown !== "zeros")) {
      throw new FormatError("OneHotEncoder: this is not the state of a OneHotEncoder");
    }
    const encoder = new OneHotEncoder({ unknown });
    encoder.#categories = categories;
    return encoder;
  }
}
