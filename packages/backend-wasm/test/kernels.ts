import type { BinaryOp, Dtype, Expression, IndexMap, Kernel, Range, TypedArray } from "@chainrule/core";
import { dtypes } from "@chainrule/core";

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

export const array = (dtype: Dtype, values: number | readonly number[]): TypedArray =>
  typeof values === "number" ? new arrays[dtype](values) : new arrays[dtype](values);

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

export const contiguous = (shape: readonly number[]): IndexMap => ({
  offset: 0,
  strides: rowMajor(shape),
  mask: null,
});

/** A kernel and what to bind it to. */
export interface Case {
  readonly kernel: Kernel;
  readonly inputs: TypedArray[];
}

/** Operations whose results are the same bits wherever they are computed. */
const exactUnary = ["neg", "sqrt", "floor"] as const;
const ofDoubles = ["exp", "log", "sin", "tanh", "log1p", "expm1", "erf"] as const;
const anyBinary: readonly BinaryOp[] = ["add", "mul", "max", "lt", "eq"];

/** Random kernels over permuted, broadcast, flipped, stepped and masked views, the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  shape(maxRank = 3): number[] {
    return Array.from({ length: this.below(maxRank + 1) }, () => this.pick([1, 2, 3, 4, 5, 7, 9, 18]));
  }

  elements(dtype: Dtype, length: number, wild = true): TypedArray {
    const special = [0, -0, NaN, Infinity, -Infinity, 1, -1, 1e30, -3e9, 1e-40];
    const one = (): number => {
      if (dtype === "bool") return this.below(2);
      if (dtype === "uint8") return this.below(256);
      if (dtype === "int32") return this.below(4) > 0 ? this.below(11) - 5 : (this.unit() * 2 ** 32) | 0;
      return wild && this.below(7) === 0 ? this.pick(special) : this.unit() * 8 - 4;
    };
    return array(dtype, Array.from({ length }, one));
  }

  /** A map and the length of the buffer that it needs. */
  map(shape: readonly number[], mayMask = true): { map: IndexMap; needed: number } {
    const axes = shape.map((_, axis) => axis);
    if (this.below(2) === 0) axes.sort(() => this.unit() - 0.5);
    const isMasked = mayMask && this.below(4) === 0;
    const mask = isMasked
      ? shape.map((size): Range => {
          const [a, b] = [this.below(size + 3) - 1, this.below(size + 3) - 1];
          return a === b ? [0, size] : [Math.min(a, b), Math.max(a, b)];
        })
      : null;
    const strides = shape.map(() => 0);
    let stride = 1;
    for (const axis of axes.toReversed()) {
      const how = this.pick(["plain", "plain", "plain", "broadcast", "flip", "step"]);
      if (how === "broadcast") continue;
      const step = how === "step" ? 2 : 1;
      strides[axis] = (how === "flip" ? -1 : 1) * stride * step;
      stride *= shape[axis]! * step;
    }
    let [low, high, empty] = [0, 0, false];
    shape.forEach((size, axis) => {
      const from = Math.max(0, mask?.[axis]![0] ?? 0);
      const to = Math.min(size, mask?.[axis]![1] ?? size);
      if (to <= from) empty = true;
      const ends = [from * strides[axis]!, (to - 1) * strides[axis]!];
      low += Math.min(...ends);
      high += Math.max(...ends);
    });
    return empty
      ? { map: { offset: -3, strides, mask }, needed: 1 }
      : { map: { offset: -low, strides, mask }, needed: high - low + 1 };
  }

  /** Expressions over a space, sharing operands; their loads are added to `inputs`. */
  program(
    shape: readonly number[],
    inputs: TypedArray[],
    kinds: Dtype[],
    options: { result?: Dtype; count?: number; wild?: boolean } = {},
  ): Expression[] {
    const made: Expression[] = [];
    const load = (dtype: Dtype): void => {
      const { map, needed } = this.map(shape);
      made.push({ kind: "load", dtype, input: inputs.length, map });
      kinds.push(dtype);
      inputs.push(this.elements(dtype, needed, options.wild));
    };
    for (let i = this.below(3); i >= 0; i--) load(this.pick(dtypes));
    if (this.below(3) === 0) {
      made.push({ kind: "random", dtype: "int32", input: inputs.length, map: this.map(shape).map });
      kinds.push("int32");
      inputs.push(this.elements("int32", 2));
    }
    if (options.result) made.push({ kind: "result", dtype: options.result });
    const cast = (x: Expression, dtype: Dtype): Expression =>
      x.dtype === dtype ? x : { kind: "cast", dtype, x };
    for (let step = this.below(12); step > 0; step--) {
      const [x, y, z] = [this.pick(made), this.pick(made), this.pick(made)];
      const isFloat = x.dtype.startsWith("float");
      const other = cast(y, x.dtype);
      switch (this.below(9)) {
        case 0:
          if (x.dtype === "bool") break;
          if (x.dtype === "float64")
            made.push({ kind: "unary", dtype: x.dtype, op: this.pick(ofDoubles), x });
          else made.push({ kind: "unary", dtype: x.dtype, op: isFloat ? this.pick(exactUnary) : "neg", x });
          break;
        case 1:
        case 2:
        case 3: {
          const more: BinaryOp[] = isFloat ? ["div", "mod"] : x.dtype === "bool" ? [] : ["div", "mod", "pow"];
          const op = this.pick([...anyBinary, ...more]);
          const dtype = op === "lt" || op === "eq" ? "bool" : x.dtype;
          made.push({ kind: "binary", dtype, op, x, y: other });
          break;
        }
        case 4:
          made.push({ kind: "where", dtype: x.dtype, condition: cast(z, "bool"), x, y: other });
          break;
        case 5:
          made.push(cast(x, this.pick(dtypes)));
          break;
        case 6: {
          const dtype = this.pick(dtypes);
          const value = this.pick(
            dtype.startsWith("float") ? [0, 1, -1, 2, 0.1, -0, Infinity, NaN] : [0, 1, 7, 200],
          );
          made.push({ kind: "const", dtype, value: dtype === "bool" ? Math.min(1, value) : value });
          break;
        }
        case 7:
          made.push({ kind: "index", dtype: "int32", map: this.map(shape).map });
          break;
        default:
          made.push({ kind: "valid", dtype: "bool", map: this.map(shape).map });
      }
    }
    return Array.from({ length: options.count ?? 1 + this.below(3) }, () => this.pick(made.slice(-4)));
  }
}

/** Outputs for a kernel, filled with what a reused buffer might hold. */
export const outputsOf = (kernel: Kernel): TypedArray[] =>
  kernel.kind === "scatterAdd"
    ? [array(kernel.dtype, kernel.length).fill(77)]
    : kernel.outputs.map((output) => array(output.dtype, sizeOf(kernel.shape)).fill(77));
