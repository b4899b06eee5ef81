import { cpu } from "@chainrule/backend-cpu";
import { registerBackend } from "@chainrule/core";
import { describe, it } from "vitest";
import { conformance, conformanceTable } from "../src/index.ts";

registerBackend(cpu);

conformance("cpu", {
  it,
  describe,
  report: (results) => console.log(conformanceTable(results)),
});
