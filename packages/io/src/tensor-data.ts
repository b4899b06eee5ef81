import type { Dtype, TypedArray } from "@chainrule/core";

/** The values of a tensor on the host, row-major; `bool` is one byte an element, 0 or 1. */
export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** What a safetensors file holds. */
export interface SafetensorsContent {
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  readonly metadata: Readonly<Record<string, string>>;
}
