import { registerBackend } from "@chainrule/core";
import { conformance, conformanceTable } from "@chainrule/testkit";
import { describe, it } from "vitest";
import { createGpu } from "../src/index.ts";
import { skip } from "./skip.ts";

for (const mode of ["webasm", "cpu"] as const) {
  const name = `gpu ${mode}`;
  registerBackend({ ...createGpu({ mode }), name });
  conformance(name, { it, describe, skip, report: (results) => console.log(conformanceTable(results)) });
}
