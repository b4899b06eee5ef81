import { join } from "node:path";
import { rolldown } from "rolldown";

/** What gpu.js asks for only in modes that run in Node. */
const absent = ["gl", "os", "worker_threads"];

/** The page with all that it imports, as one module for a browser. */
export async function bundlePage(): Promise<string> {
  const build = await rolldown({
    input: join(import.meta.dirname, "page.ts"),
    platform: "browser",
    logLevel: "silent",
    plugins: [
      {
        name: "absent",
        resolveId: (id) => (absent.includes(id) ? `\0absent:${id}` : null),
        load: (id) => (id.startsWith("\0absent:") ? "export default null;" : null),
      },
    ],
  });
  try {
    const { output } = await build.generate({ format: "esm", codeSplitting: false });
    return output[0].code;
  } finally {
    await build.close();
  }
}
