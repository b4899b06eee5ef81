import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig, type UserConfig } from "tsdown";
import shared from "../../tools/build/tsdown.ts";

const require = createRequire(import.meta.url);

/** What gpu.js asks for only in modes that this package does not offer. */
const absent = ["gl", "os", "worker_threads"];

/** The licences of what is bundled, which ask to be kept. */
function notice(): string {
  const gpujs = join(dirname(require.resolve("gpu.js/src/index.js")), "..");
  const acorn = dirname(createRequire(join(gpujs, "package.json")).resolve("acorn/package.json"));
  const texts = [gpujs, acorn].map((folder) => readFileSync(join(folder, "LICENSE"), "utf8").trim());
  return `/*! Includes gpu.js and acorn.\n\ngpu.js: ${texts[0]}\n\nacorn: ${texts[1]}\n*/`;
}

/** gpu.js goes into the package: as a dependency it would bring 84 MB that nothing uses, and a native build. */
const config: UserConfig = defineConfig((options) => {
  const base = (shared as unknown as (options: unknown) => UserConfig)(options);
  return {
    ...base,
    deps: {
      alwaysBundle: [/^gpu\.js/, "acorn", "gpu-mock.js"],
      onlyBundle: ["gpu.js", "acorn", "gpu-mock.js"],
    },
    banner: { js: notice() },
    minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
    plugins: [
      {
        name: "absent",
        resolveId: (id: string) => (absent.includes(id) ? `\0absent:${id}` : null),
        load: (id: string) => (id.startsWith("\0absent:") ? "module.exports = null;" : null),
      },
    ],
  };
});

export default config;
