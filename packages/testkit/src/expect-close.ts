import { type Dtype, Tensor, type TypedArray } from "@chainrule/core";
import { defaultTolerance, type Tolerance } from "./tolerance.ts";

/** Numbers in row-major order. */
export type Numbers = TypedArray | readonly number[];

/** What `expectClose` may be told. */
export interface CloseOptions extends Tolerance {
  /** Whether two zeros must have the same sign; true unless said. */
  readonly signedZero?: boolean;
  /** The shape in which to name an element; tensors bring their own. */
  readonly shape?: readonly number[];
  /** What is compared, to open the message with. */
  readonly label?: string;
}

/**
 * Throws unless every element obeys `|actual − expected| ≤ atol + rtol · |expected|`.
 *
 * NaN is met by NaN only, an infinity by the same infinity, and a zero's sign by the same sign (unless
 * `signedZero: false`). Tolerances default by dtype as PyTorch's `assert_close` has them, the wider of the two sides';
 * plain number arrays take the other side's, and float64's among themselves. Tensors are awaited and must agree in
 * shape. The message names the worst element, its index, both values and the bound.
 */
export function expectClose(
  actual: Tensor,
  expected: Tensor | Numbers,
  options?: CloseOptions,
): Promise<void>;
export function expectClose(actual: Numbers, expected: Tensor, options?: CloseOptions): Promise<void>;
export function expectClose(actual: Numbers, expected: Numbers, options?: CloseOptions): void;
export function expectClose(
  actual: Tensor | Numbers,
  expected: Tensor | Numbers,
  options: CloseOptions = {},
): Promise<void> | void {
  if (actual instanceof Tensor || expected instanceof Tensor)
    return compareTensors(actual, expected, options);
  compare(actual, expected, toleranceOf([dtypeOf(actual), dtypeOf(expected)], options), options);
}

async function compareTensors(
  actual: Tensor | Numbers,
  expected: Tensor | Numbers,
  options: CloseOptions,
): Promise<void> {
  const both = [actual, expected];
  const shapes = both.filter((x) => x instanceof Tensor).map((x) => x.shape);
  const [shape, other = options.shape] = shapes;
  if (shape && other && shape.join() !== other.join()) {
    fail(options, `shapes [${shape.join(", ")}] and [${other.join(", ")}] differ`);
  }
  const dtypes = both.map((x) => (x instanceof Tensor ? x.dtype : dtypeOf(x)));
  const read = (x: Tensor | Numbers): Numbers | Promise<Numbers> => (x instanceof Tensor ? x.data() : x);
  compare(await read(actual), await read(expected), toleranceOf(dtypes, options), {
    ...options,
    ...(shape ? { shape } : {}),
  });
}

function dtypeOf(numbers: Numbers): Dtype | null {
  if (numbers instanceof Float32Array) return "float32";
  if (numbers instanceof Float64Array) return "float64";
  return ArrayBuffer.isView(numbers) ? "int32" : null;
}

function toleranceOf(dtypes: readonly (Dtype | null)[], options: CloseOptions): Required<Tolerance> {
  const known = dtypes.filter((d) => d !== null).map(defaultTolerance);
  const defaults = known.length > 0 ? known : [defaultTolerance("float64")];
  return {
    rtol: options.rtol ?? Math.max(...defaults.map((t) => t.rtol)),
    atol: options.atol ?? Math.max(...defaults.map((t) => t.atol)),
  };
}

function compare(
  actual: Numbers,
  expected: Numbers,
  bounds: Required<Tolerance>,
  options: CloseOptions,
): void {
  if (actual.length !== expected.length) {
    fail(options, `${actual.length} elements where ${expected.length} are expected`);
  }
  const { signedZero = true } = options;
  let differing = 0;
  let worst = -1;
  let worstExcess = -1;
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (a === e ? a !== 0 || !signedZero || Object.is(a, e) : a !== a && e !== e) continue;
    const excess = Math.abs(a - e) / (bounds.atol + bounds.rtol * Math.abs(e));
    // Unequal infinities and NaN on one side only have no distance; zeros of unlike sign have none left.
    const exact = !Number.isFinite(a) || !Number.isFinite(e) || a === e;
    if (!exact && excess <= 1) continue;
    differing++;
    const rank = exact ? Infinity : excess;
    if (rank > worstExcess) {
      worstExcess = rank;
      worst = i;
    }
  }
  if (worst < 0) return;
  const a = actual[worst]!;
  const e = expected[worst]!;
  const bound = bounds.atol + bounds.rtol * Math.abs(e);
  const reason =
    a === e
      ? "zeros of unlike sign (signedZero: false accepts them)"
      : worstExcess === Infinity && !(Number.isFinite(a) && Number.isFinite(e))
        ? "NaN and infinities must be met exactly"
        : `|difference| ${format(Math.abs(a - e))} > bound ${format(bound)}`;
  fail(
    options,
    `${differing} of ${actual.length} elements differ (rtol ${bounds.rtol}, atol ${bounds.atol}); ` +
      `worst at ${place(worst, options.shape)}: actual ${format(a)}, expected ${format(e)}: ${reason}`,
  );
}

const format = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** `[1, 2]` where the shape is known, else `element 6`. */
function place(index: number, shape: readonly number[] | undefined): string {
  if (!shape) return `element ${index}`;
  const position: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    position.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${position.join(", ")}]`;
}

function fail(options: CloseOptions, message: string): never {
  throw new Error(`${options.label ?? "expectClose"}: ${message}`);
}
