import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { implementations } from "./names.ts";

/**
 * Bundles the workers and the implementations as plain JavaScript and gives the folder, which the caller removes.
 * Published packages are plain JavaScript too: without this, Chainrule alone would pay for the removal of its types
 * at each start.
 */
export async function bundleWorkers(): Promise<string> {
  const source = (name: string): string => join(import.meta.dirname, `${name}.ts`);
  // A browser's is bundled by the worker that starts the browser.
  const present = implementations.filter(
    (name) => name !== "chainrule-gpu" && existsSync(source(`impl/${name}`)),
  );
  const build = await rolldown({
    input: {
      worker: source("process/worker"),
      ...Object.fromEntries(present.map((name) => [name, source(`impl/${name}`)])),
    },
    platform: "node",
    logLevel: "silent",
  });
  try {
    const folder = await mkdtemp(join(tmpdir(), "chainrule-bench-"));
    await build.write({
      dir: folder,
      format: "esm",
      entryFileNames: "[name].mjs",
      chunkFileNames: "[name]-[hash].mjs",
    });
    return folder;
  } finally {
    await build.close();
  }
}
