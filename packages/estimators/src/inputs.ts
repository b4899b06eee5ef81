import {
  getBackend,
  NumericError,
  OptionError,
  ShapeError,
  tensor,
  type Dtype,
  type Tensor,
} from "@chainrule/core";

/** Examples in rows [n, features]. */
export type Matrix = Tensor | readonly (readonly number[])[];

/** One number an example [n], or several [n, outputs]. */
export type Targets = Tensor | readonly number[] | readonly (readonly number[])[];

/** One class an example [n]. */
export type Labels = Tensor | readonly number[] | readonly boolean[];

/** float64 where the default backend has it: linear models are solved to its digits. */
export const widest = (): Dtype =>
  getBackend().capabilities.dtypes.includes("float64") ? "float64" : "float32";

const shown = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
const isFloat = (dtype: Dtype): boolean => dtype === "float32" || dtype === "float64";

/** A tensor of floats as it is, another cast to `dtype`, numbers read as `dtype`. */
function asTensor(values: Tensor | readonly unknown[], dtype: Dtype): Tensor {
  if (!Array.isArray(values)) {
    const given = values as Tensor;
    return isFloat(given.dtype) ? given : given.cast(dtype);
  }
  return tensor(values, { dtype });
}

/**
 * Examples as a tensor [n, features] of floats.
 *
 * @throws ShapeError unless they are a table with at least one row and one column, and with `features` columns where
 * that is given.
 */
export function toMatrix(owner: string, x: Matrix, dtype: Dtype, features?: number): Tensor {
  const matrix = asTensor(x, dtype);
  if (matrix.rank !== 2 || matrix.size === 0) {
    throw new ShapeError(
      `${owner}: examples are rows [n, features], not ${shown(matrix.shape)}; ` +
        `a single feature is x.expandDims(1) or x.map((value) => [value])`,
    );
  }
  if (features !== undefined && matrix.shape[1] !== features) {
    throw new ShapeError(
      `${owner}: it was fitted to ${features} features, and these examples have ${matrix.shape[1]}`,
    );
  }
  return matrix;
}

/** Throws a NumericError unless every element is finite. */
export async function checkFinite(owner: string, what: string, values: Tensor): Promise<void> {
  if ((await values.isFinite().all().item()) === 1) return;
  throw new NumericError(`${owner}: ${what} hold NaN or infinities; fill them in or drop their rows first`);
}

/**
 * Targets as a tensor of floats, [n] or [n, outputs].
 *
 * @throws ShapeError unless there is one for each of `rows` examples.
 */
export function toTargets(owner: string, y: Targets, rows: number, dtype: Dtype): Tensor {
  const targets = asTensor(y, dtype);
  if (targets.rank < 1 || targets.rank > 2 || targets.shape[0] !== rows) {
    throw new ShapeError(`${owner}: ${rows} examples need targets [${rows}], not ${shown(targets.shape)}`);
  }
  return targets.cast(dtype);
}

/**
 * Labels as host numbers.
 *
 * @throws ShapeError unless there is one for each of `rows` examples; NumericError for a NaN.
 */
export async function toLabels(owner: string, y: Labels, rows: number): Promise<number[]> {
  const shape = Array.isArray(y) ? [y.length] : (y as Tensor).shape;
  if (shape.length !== 1 || shape[0] !== rows) {
    throw new ShapeError(`${owner}: ${rows} examples need one label each, [${rows}], not ${shown(shape)}`);
  }
  const labels = Array.isArray(y) ? y.map(Number) : Array.from(await (y as Tensor).data());
  if (labels.some(Number.isNaN)) throw new NumericError(`${owner}: labels hold NaN; drop their rows first`);
  return labels;
}

/** Targets of any kind as host numbers, for those who only compare or split them. */
export const valuesOf = async (y: Targets | Labels): Promise<number[]> =>
  Array.isArray(y) ? y.flat().map(Number) : Array.from(await (y as Tensor).data());

/** Some rows of examples, targets or labels, in the kind that they came in. */
export function rowsOf<T extends Matrix | Targets | Labels>(values: T, rows: Int32Array): T {
  if (Array.isArray(values)) return Array.from(rows, (row) => values[row] as unknown) as unknown as T;
  return (values as Tensor).take(tensor(rows)) as T;
}

/** The number of examples. */
export const countOf = (values: Matrix | Targets | Labels): number =>
  Array.isArray(values) ? values.length : ((values as Tensor).shape[0] ?? 0);

/** Throws an OptionError unless `value` is at least `low`, or above it where `strictly`. */
export function checkAtLeast(
  owner: string,
  name: string,
  value: number,
  low: number,
  strictly = false,
): void {
  if (strictly ? value > low : value >= low) return;
  throw new OptionError(`${owner}: ${name} must be ${strictly ? "above" : "at least"} ${low}, not ${value}`);
}

/** Throws an OptionError unless `value` is a whole number ≥ `low`. */
export function checkWhole(owner: string, name: string, value: number, low: number): void {
  if (Number.isInteger(value) && value >= low) return;
  throw new OptionError(`${owner}: ${name} must be a whole number ≥ ${low}, not ${value}`);
}

/** Throws an OptionError unless `value` is one of `known`. */
export function checkOneOf(owner: string, name: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  const list = known.map((name) => JSON.stringify(name)).join(", ");
  throw new OptionError(`${owner}: ${name} is one of ${list}, not ${JSON.stringify(value)}`);
}
