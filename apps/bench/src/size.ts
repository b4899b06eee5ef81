import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import type { Peers } from "./lane.ts";
import type { ImplementationName } from "./names.ts";
import type { Row } from "./row.ts";
import type { Measured } from "./run-repeated.ts";

const entries = join(import.meta.dirname, "../entries");

/** Files that a page fetches besides its bundle: tfjs ships its kernels as a binary. */
const fetched: Partial<Record<ImplementationName, string>> = {
  "tfjs-wasm": "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
};

const gzipped = (content: string | Uint8Array): number => gzipSync(content, { level: 9 }).length;

/** Bundles an entry as an application would be: tree-shaken, minified, one file. */
async function bundledBytes(entry: string, modules: readonly string[]): Promise<number> {
  const build = await rolldown({
    input: entry,
    platform: "browser",
    resolve: { modules: [...modules, "node_modules"] },
    logLevel: "silent",
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false });
    return gzipped(output[0].code);
  } finally {
    await build.close();
  }
}

/** Compressed kilobytes that a page fetches in order to train a small network. */
export async function measureSizes(names: readonly ImplementationName[], peers: Peers): Promise<Measured> {
  const modules = "folder" in peers ? [join(peers.folder, "node_modules")] : [];
  const rows: Row[] = [];
  const remarks: string[] = [];
  for (const impl of names) {
    const entry = join(entries, `${impl}.js`);
    if (!existsSync(entry)) continue;
    try {
      const extra = fetched[impl];
      const binary = extra === undefined ? 0 : gzipped(await readFile(join(modules[0]!, extra)));
      const kilobytes = ((await bundledBytes(entry, modules)) + binary) / 1000;
      rows.push({
        bench: "size",
        case: "MLP page, min+gzip, kB",
        impl,
        threads: 1,
        medianMs: kilobytes,
        minMs: kilobytes,
        gflops: null,
        valid: true,
        repetitions: 1,
      });
    } catch (error) {
      remarks.push(`size: ${impl} failed: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return { rows, remarks };
}
