import { readFileSync } from "node:fs";
import { defineConfig, type UserConfig } from "tsdown";

interface Manifest {
  exports: Record<string, string>;
}

/** The one build of every package: its entries are the `.ts` targets of its own `exports`. */
const config: UserConfig = defineConfig(() => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  return {
    entry: Object.values(manifest.exports).filter((target) => target.endsWith(".ts")),
    format: "esm",
    platform: "neutral",
    target: "es2024",
    dts: { oxc: true },
    fixedExtension: false,
    sourcemap: false,
    clean: true,
  };
});

export default config;
