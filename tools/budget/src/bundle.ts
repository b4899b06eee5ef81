import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

export interface Bundle {
  /** Bytes of the minified code. */
  readonly minified: number;
  /** Bytes of the minified and gzipped code. */
  readonly gzipped: number;
  /** Specifiers that the bundle still imports. */
  readonly imports: readonly string[];
}

/** Bundles an entry as an application would: tree-shaken, minified, one file. */
export async function bundle(entry: string, external?: (specifier: string) => boolean): Promise<Bundle> {
  const build = await rolldown({
    input: entry,
    platform: "neutral",
    resolve: { conditionNames: ["import", "default"] },
    ...(external && { external }),
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false });
    const [chunk] = output;
    return {
      minified: Buffer.byteLength(chunk.code),
      gzipped: gzipSync(chunk.code, { level: 9 }).length,
      imports: [...chunk.imports, ...chunk.dynamicImports],
    };
  } finally {
    await build.close();
  }
}
