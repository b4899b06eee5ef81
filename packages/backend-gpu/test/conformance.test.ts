import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { registerBackend } from "@chainrule/core";
import { conformance, conformanceTable } from "@chainrule/testkit";
import { beforeAll, describe, it } from "vitest";
import { createGpu } from "../src/index.ts";
import { skip } from "./skip.ts";

// With it the suite also finds buffers that nobody gives back.
beforeAll(() => {
  setFlagsFromString("--expose-gc");
  Object.assign(globalThis, { gc: runInNewContext("gc") as unknown });
});

for (const mode of ["webasm", "cpu"] as const) {
  const name = `gpu ${mode}`;
  registerBackend({ ...createGpu({ mode }), name });
  conformance(name, { it, describe, skip, report: (results) => console.log(conformanceTable(results)) });
}
