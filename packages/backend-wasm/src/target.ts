import type { Func } from "./wasm/function.ts";
import type { ModuleWriter } from "./wasm/module.ts";

/** Which vector instructions there are: `relaxed` adds the fused multiply-add. */
export type InstructionSet = "relaxed" | "simd";

/** Where code is written to. */
export interface Target {
  readonly f: Func;
  readonly module: ModuleWriter;
  readonly instructions: InstructionSet;
}
