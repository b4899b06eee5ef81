import type { TypedArray } from "@chainrule/core";

const kinds = [Float32Array, Float64Array, Int32Array, Uint8Array] as const;

/** A zero-filled array of the same element type; a subclass such as Node's Buffer gives its plain base. */
export function arrayLike(array: TypedArray, length: number): TypedArray {
  const Kind = kinds.find((kind) => array instanceof kind)!;
  return new Kind(length);
}
