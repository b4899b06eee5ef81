export * from "./errors.ts";
export { bytesPerElement, dtypes, type Dtype, type TypedArray } from "./dtype.ts";
export type { Shape } from "./shape.ts";
export type { Range } from "./engine/view.ts";
export { threefry2x32 } from "./engine/threefry.ts";
export * from "./backend/kernel.ts";
export type { Backend, BackendPlugin, Capabilities, Step } from "./backend/contract.ts";
