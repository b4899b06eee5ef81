import { registerBackend } from "@chainrule/core";
import { conformanceCases, runConformance } from "@chainrule/testkit";
import { createWasm } from "/work/main/packages/backend-wasm/src/index.ts";
const threads = Number(process.argv[2] ?? 1);
registerBackend({
  ...createWasm({ threads, instructionSet: (process.argv[3] ?? "relaxed") as any }),
  name: "w",
});
const t = performance.now();
const r = await runConformance("w", {
  cases: conformanceCases.filter((c) => !process.argv[4] || c.name.includes(process.argv[4])),
});
const bad = r.filter((x) => x.status === "failed");
console.log(r.length, "failed", bad.length, (performance.now() - t).toFixed(0), "ms");
const seen = new Set<string>();
for (const b of bad.slice(0, 4000)) {
  const k = b.case.op + "/" + b.case.dtype;
  if (seen.has(k)) continue;
  seen.add(k);
  console.log(b.case.name, (b.reason ?? "").slice(0, 300));
}
