import type { Vectors } from "./vectors.ts";
import type { Func } from "./wasm/function.ts";
import type { ModuleWriter } from "./wasm/module.ts";

/** Which vector instructions there are: `relaxed` adds the fused multiply-add. */
export type InstructionSet = "relaxed" | "simd";

/** Where code is written to, and by dtype the operations on vectors there. */
export interface Target extends Vectors {
  readonly f: Func;
  readonly module: ModuleWriter;
}
