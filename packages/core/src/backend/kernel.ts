import type { Dtype } from "../dtype.ts";
import type { Range } from "../engine/view.ts";
import type { Shape } from "../shape.ts";

/** Scalar functions of one number. */
export const unaryOps = [
  "neg",
  "exp",
  "log",
  "sin",
  "cos",
  "sqrt",
  "floor",
  "tanh",
  "erf",
  "log1p",
  "expm1",
] as const;
export type UnaryOp = (typeof unaryOps)[number];

/**
 * Scalar functions of two numbers. `max` passes NaN on; `mod` has the sign of the divisor; `lt` and `eq` give bool.
 * On bool, `mul` is "and", `max` and `add` are "or".
 */
export const binaryOps = ["add", "mul", "div", "pow", "max", "mod", "lt", "eq"] as const;
export type BinaryOp = (typeof binaryOps)[number];

/** Ways to fold an axis; the fold of nothing is 0 for `sum`, 1 for `prod` and the lowest value for `max`. */
export const reduceOps = ["sum", "max", "prod"] as const;
export type ReduceOp = (typeof reduceOps)[number];

/**
 * Where in a buffer an index of the kernel's iteration space points: `offset + Σ iₐ·stridesₐ`. `strides` and `mask`
 * have one entry an axis of the space; where an index is outside its mask's `[low, high)` nothing may be read, and
 * the value is 0.
 */
export interface IndexMap {
  readonly offset: number;
  readonly strides: readonly number[];
  readonly mask: readonly Range[] | null;
}

/**
 * The scalar computation at one index of an iteration space. Expressions are shared objects: the same object twice
 * is one value, to be computed once. Every value is rounded to its dtype (float32 after each operation), so that
 * results do not depend on what was fused with what.
 */
export type Expression =
  /** The element of a bound buffer. */
  | { readonly kind: "load"; readonly dtype: Dtype; readonly input: number; readonly map: IndexMap }
  | { readonly kind: "const"; readonly dtype: Dtype; readonly value: number }
  /** The mapped position itself, an int32; 0 where masked. */
  | { readonly kind: "index"; readonly dtype: "int32"; readonly map: IndexMap }
  /** Word 0 of Threefry-2x32-20 under the key in int32 buffer `input`, at counter (position, 0); 0 where masked. */
  | { readonly kind: "random"; readonly dtype: "int32"; readonly input: number; readonly map: IndexMap }
  /** Whether the index is inside the mask. */
  | { readonly kind: "valid"; readonly dtype: "bool"; readonly map: IndexMap }
  | { readonly kind: "unary"; readonly dtype: Dtype; readonly op: UnaryOp; readonly x: Expression }
  /** Conversion: floats to integers truncate toward zero (out of range: the low bits; NaN and ±Inf: 0), to bool x ≠ 0. */
  | { readonly kind: "cast"; readonly dtype: Dtype; readonly x: Expression }
  /** Both operands have one dtype; it is also the result's, but for `lt` and `eq`. */
  | {
      readonly kind: "binary";
      readonly dtype: Dtype;
      readonly op: BinaryOp;
      readonly x: Expression;
      readonly y: Expression;
    }
  | {
      readonly kind: "where";
      readonly dtype: Dtype;
      readonly condition: Expression;
      readonly x: Expression;
      readonly y: Expression;
    }
  /** In an epilogue, the value that the kernel reduced, contracted or gathered for this index. */
  | { readonly kind: "result"; readonly dtype: Dtype };

interface KernelBase {
  /** Dtypes of the buffers that are read, in the order they are bound. */
  readonly inputs: readonly Dtype[];
  /**
   * What is written, bound after the inputs: for each output one value an index of `shape`. An output may share its
   * buffer with an input that the kernel only reads at the same index (an update in place): at each index all values are
   * computed before any is stored. Otherwise nothing that is written is read or written twice; but buffers may be
   * stretches, or with `targets` columns, of one.
   */
  readonly outputs: readonly Expression[];
  /** Where in its buffer each output is stored, the last stride being 1; contiguously where there are none. */
  readonly targets?: readonly IndexMap[];
  /** The iteration space of the outputs; sizes are ≥ 1, axes that loop alike are already merged. */
  readonly shape: Shape;
  /** The structure as text: equal keys mean equal kernels. */
  readonly key: string;
}

/** Elementwise: `outputs` at each index of `shape`. */
export interface MapKernel extends KernelBase {
  readonly kind: "map";
}

/** `result` = fold of `value` over `reduced`; maps inside `value` have the axes of `shape` and then of `reduced`. */
export interface ReduceKernel extends KernelBase {
  readonly kind: "reduce";
  readonly op: ReduceOp;
  readonly value: Expression;
  /** The folded iteration space, sizes ≥ 1 (one axis where they merge). */
  readonly reduced: Shape;
}

/**
 * One matrix operand. An index of a matrix is that of a box walked in row-major order, `m`, `n` or `k` of the kernel, and
 * `row` and `column` have a stride for each axis of theirs: element (b…, i…, j…) is at
 * `offset + Σ b·batch + Σ i·row + Σ j·column`. Any stride may be 0 or negative.
 */
export interface DotOperand {
  readonly input: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly row: readonly number[];
  readonly column: readonly number[];
}

/**
 * `result`[b…, i, j] = Σₖ a[b…, i, k]·b[b…, k, j]; `shape` is [...batch, |m|, |n|], where |m| is the product of the sizes
 * in `m`, with the batch axes merged where they can be. The axes of `m`, `n` and `k` are merged wherever the strides
 * allow, so that each is one in a product of matrices that lie as such; windows over an image take several.
 */
export interface DotKernel extends KernelBase {
  readonly kind: "dot";
  /** Of both operands and the result: float32, float64 or int32. */
  readonly dtype: Dtype;
  /** What rows, columns and steps of the sum run over: one size or more, each ≥ 1; `k` is [0] where nothing is summed. */
  readonly m: Shape;
  readonly n: Shape;
  readonly k: Shape;
  readonly a: DotOperand;
  readonly b: DotOperand;
}

/** `result` at an index = source[map(index) + position·axisStride], position = the int32 `index`, checked against `axisSize`. */
export interface GatherKernel extends KernelBase {
  readonly kind: "gather";
  readonly dtype: Dtype;
  readonly source: {
    readonly input: number;
    readonly map: IndexMap;
    readonly axisStride: number;
    readonly axisSize: number;
  };
  readonly index: Expression;
}

/**
 * The output (one, of `length` elements, zeroed first) gets `value` added at map(index) + position·axisStride for
 * each index of `shape` in row-major order; position = the int32 `index`, checked against `axisSize`.
 * `outputs` is `[{ kind: "result" }]`.
 */
export interface ScatterAddKernel extends KernelBase {
  readonly kind: "scatterAdd";
  readonly dtype: Dtype;
  readonly length: number;
  readonly target: { readonly map: IndexMap; readonly axisStride: number; readonly axisSize: number };
  readonly value: Expression;
  readonly index: Expression;
}

/** One unit of work for a backend. */
export type Kernel = MapKernel | ReduceKernel | DotKernel | GatherKernel | ScatterAddKernel;
