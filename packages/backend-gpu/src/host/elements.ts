import { BackendError, DtypeError, type Dtype, type TypedArray } from "@chainrule/core";

/** From here on floats skip whole numbers. */
const limit = 2 ** 24;

const advice =
  "this backend holds whole numbers below 2²⁴ = 16777216 in size; use float32, or the cpu or wasm backend";

/** Host elements as float32. Throws a DtypeError for an int32 that float32 does not hold. */
export function toFloats(data: TypedArray, dtype: Dtype): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "int32") {
    for (const value of data) {
      if (value <= -limit || value >= limit) throw new DtypeError(`gpu: the int32 ${value}: ${advice}`);
    }
  }
  return Float32Array.from(data);
}

/** The first `length` elements in the array of their dtype. Throws a DtypeError where an int32 left its range. */
export function fromFloats(floats: Float32Array, dtype: Dtype, length: number): TypedArray {
  const elements = floats.subarray(0, length);
  switch (dtype) {
    case "float32":
      return elements.length === floats.length ? floats : elements.slice();
    case "int32":
      if (elements.some((value) => Number.isNaN(value) || Math.abs(value) >= limit)) {
        throw new DtypeError(`gpu: an int32 result is 2²⁴ or more in size: ${advice}`);
      }
      return Int32Array.from(elements);
    case "uint8":
    case "bool":
      return Uint8Array.from(elements);
    default:
      throw new BackendError(`gpu: there are no buffers of ${dtype}`);
  }
}
