import { registerBackend } from "@chainrule/core";
import { conformance } from "@chainrule/testkit";
import { describe, it } from "vitest";
import { createWasm } from "../src/index.ts";

for (const threads of [1, 2]) {
  for (const instructionSet of ["relaxed", "simd"] as const) {
    const name = `wasm ${instructionSet} ${threads}`;
    registerBackend({ ...createWasm({ threads, instructionSet }), name });
    conformance(name, { it, describe });
  }
}
