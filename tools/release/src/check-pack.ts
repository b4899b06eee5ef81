// Packs the package in the current folder and inspects the tarball: `pnpm check:pack`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "./inspect.ts";
import { pack, readManifest } from "./pack.ts";

const destination = mkdtempSync(join(tmpdir(), "chainrule-pack-"));
try {
  const { name } = readManifest(process.cwd());
  const problems = await inspect(await pack(process.cwd(), destination));
  for (const problem of problems) console.error(`${name}: ${problem}`);
  if (problems.length === 0) console.log(`${name}: packed, exports and types resolve`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(destination, { recursive: true });
}
