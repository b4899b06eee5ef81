export {
  createWasm,
  wasm,
  type WasmBackend,
  type WasmBuffer,
  type WasmExecutable,
  type WasmOptions,
} from "./backend.ts";
export type { InstructionSet } from "./target.ts";
