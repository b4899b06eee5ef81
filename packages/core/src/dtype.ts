import { DtypeError } from "./errors.ts";

/** Element types, in the order of promotion. */
export const dtypes = ["bool", "uint8", "int32", "float32", "float64"] as const;

/** The type of a tensor's elements. */
export type Dtype = (typeof dtypes)[number];

/** The host arrays that hold elements; `bool` is one byte an element, 0 or 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Bytes an element. */
export const bytesPerElement = (dtype: Dtype): number => arrays[dtype].BYTES_PER_ELEMENT;

/** A zero-filled host array of `length` elements. */
export const allocateArray = (dtype: Dtype, length: number): TypedArray => new arrays[dtype](length);

/** Whether `array` is the host array that `dtype` is kept in. */
export const isArrayOf = (array: TypedArray, dtype: Dtype): boolean => array instanceof arrays[dtype];

/** Whether derivatives exist for this dtype. */
export const isFloat = (dtype: Dtype): boolean => dtype === "float32" || dtype === "float64";

/** The smallest dtype that holds both: bool < uint8 < int32 < float32 < float64. */
export const promote = (a: Dtype, b: Dtype): Dtype => (dtypes.indexOf(a) >= dtypes.indexOf(b) ? a : b);

/** `dtype` itself where it is a float, else float32: the result of `exp`, `mean` and their like on integers. */
export const floatOf = (dtype: Dtype): Dtype => (isFloat(dtype) ? dtype : "float32");

/** The dtype that a host array stands for. */
export function dtypeOfArray(array: TypedArray): Dtype {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint8Array) return "uint8";
  throw new DtypeError(
    `${Object.prototype.toString.call(array).slice(8, -1)} has no tensor dtype; ` +
      `give a Float32Array, Float64Array, Int32Array or Uint8Array`,
  );
}

/** Throws a DtypeError that lists what there is, unless `value` names a dtype. */
export function checkDtype(value: unknown): asserts value is Dtype {
  if (!(dtypes as readonly unknown[]).includes(value)) {
    throw new DtypeError(`unknown dtype ${JSON.stringify(value)}; there are ${dtypes.join(", ")}`);
  }
}

/** `value` as an element of `dtype` would hold it: rounded to float32, wrapped to 32 or 8 bits, or 0 and 1. */
export function roundTo(dtype: Dtype, value: number): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float32":
      return Math.fround(value);
    case "int32":
      return value | 0;
    case "uint8":
      return value & 255;
    case "bool":
      return value !== 0 ? 1 : 0;
  }
}
