import type { InstructionSet } from "./target.ts";
import { Func } from "./wasm/function.ts";
import { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { v128 } from "./wasm/types.ts";

function accepts(emit: (f: Func) => void): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const module = new ModuleWriter({ shared: false });
  const f = new Func([]);
  emit(f);
  module.export("f", f);
  return WebAssembly.validate(module.assemble());
}

const vector = (f: Func): void => {
  f.v(op.f32x4add, f.f32(1), f.f32(2));
};
const fused = (f: Func): void => {
  f.push(f.f32(1), f.f32(2), f.f32(3));
  f.raw(op.f32x4madd);
  f.bind(v128);
};

/** The best vector instructions that the host takes; null where it takes none. */
export function instructionSet(): InstructionSet | null {
  return accepts(fused) ? "relaxed" : accepts(vector) ? "simd" : null;
}

/** Why there can be no backend here, in words for the user; null where there can. */
export function reasonUnavailable(): string | null {
  if (typeof WebAssembly === "undefined") return "this host has no WebAssembly";
  return instructionSet() === null ? "this host's WebAssembly has no SIMD" : null;
}

/** Why kernels cannot run on several threads here; null where they can. */
export function reasonSingleThreaded(): string | null {
  if (typeof SharedArrayBuffer === "undefined") {
    return "this page is not cross-origin isolated, so that there is no shared memory";
  }
  return null;
}
