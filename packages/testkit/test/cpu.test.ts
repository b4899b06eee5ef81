import { cpu, createCpu } from "@chainrule/backend-cpu";
import { getBackend, registerBackend, withBackend } from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { conformance, conformanceTable } from "../src/index.ts";
import { exposeCollector } from "./collector.ts";

registerBackend(cpu);
registerBackend({ name: "cpu closures", create: () => createCpu({ codegen: false }) });

beforeAll(exposeCollector);

it("runs generated code and closures, as asked", async () => {
  const modes: string[] = [];
  for (const name of ["cpu", "cpu closures"]) {
    await withBackend(name, () => void modes.push(getBackend().mode));
  }
  expect(new Set(modes).size).toBe(2);
});

for (const backend of ["cpu", "cpu closures"]) {
  conformance(backend, { it, describe, report: (results) => console.log(conformanceTable(results)) });
}
