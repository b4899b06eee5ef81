import { parseArgs } from "node:util";
import { registerBackend } from "@chainrule/core";
import { cpu } from "@chainrule/backend-cpu";
import { growthOf, isFlat, soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    captured: { type: "string", default: "100000" },
    uncaptured: { type: "string", default: "10000" },
  },
});
registerBackend(cpu);

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} kB`;
let flat = true;
for (const kind of ["captured", "uncaptured"] as const) {
  const start = performance.now();
  const samples = await soak(kind, Number(values[kind]));
  const growth = growthOf(samples);
  console.log(`${kind}: ${values[kind]} steps in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  console.table(
    samples.map(({ step, liveBytes, liveBuffers, heapBytes, externalBytes }) => ({
      step,
      "live bytes": liveBytes,
      "live buffers": liveBuffers,
      heap: kilobytes(heapBytes),
      "array buffers": kilobytes(externalBytes),
    })),
  );
  console.log(
    `after warm-up: ${growth.liveBytes} live bytes, ${growth.liveBuffers} buffers, heap ${kilobytes(growth.heapBytes)}: ` +
      (isFlat(growth) ? "flat" : "NOT FLAT"),
  );
  flat &&= isFlat(growth);
}
process.exitCode = flat ? 0 : 1;
