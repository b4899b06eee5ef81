// Builds, packs and publishes everything to a registry on this machine, then does what a new user
// does: `pnpm check:release`.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readmeExample } from "./example.ts";
import { exec } from "./exec.ts";
import { inspect } from "./inspect.ts";
import { pack, publicPackages, readManifest, root } from "./pack.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { nodeBinary } from "./tools-cache.ts";

const nodeMajors = [22, 24];
const coreSmoke = `
import * as core from "@chainrule/core";
if (Object.keys(core).length === 0) throw new Error("@chainrule/core exports nothing");
try {
  await core.setBackend("nowhere");
  throw new Error("an unknown backend was accepted");
} catch (error) {
  if (!/nowhere/.test(error.message)) throw error;
}
`;

const work = mkdtempSync(join(tmpdir(), "chainrule-release-"));
const started = Date.now();
const report = (text: string): void =>
  console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

async function publishAll(registry: Registry): Promise<void> {
  for (const folder of publicPackages()) {
    const { name, version } = readManifest(folder);
    const tarball = await pack(folder, work);
    const problems = await inspect(tarball);
    if (problems.length > 0) throw new Error(`${name}:\n${problems.join("\n")}`);
    await exec("npm", ["publish", tarball, "--userconfig", registry.npmrc], { cwd: work });
    report(`published ${name} ${version}`);
  }
}

/** An empty ES module project; \`npm install\` in it sees the local registry and an empty cache. */
function project(name: string): string {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  return folder;
}

async function install(folder: string, name: string, { npmrc }: Registry): Promise<void> {
  const options = ["--no-audit", "--no-fund", "--userconfig", npmrc, "--cache", join(work, "npm-cache")];
  await exec("npm", ["install", name, ...options], { cwd: folder });
  await exec(process.execPath, ["--input-type=module", "-e", `await import("${name}")`], { cwd: folder });
  const cores = await exec("npm", ["ls", "@chainrule/core", "--parseable"], { cwd: folder });
  if (new Set(cores.trim().split("\n")).size !== 1) throw new Error(`more than one core:\n${cores}`);
  report(`installed ${name} in ${folder.slice(work.length + 1)}/`);
}

async function runOn(major: number, folder: string, file: string): Promise<void> {
  const output = await exec(await nodeBinary(major), [file], { cwd: folder });
  report(`ran ${file} on Node ${major}${output && `:\n${output.trimEnd()}`}`);
}

let registry: Registry | undefined;
try {
  await exec("pnpm", ["build"], { cwd: root });
  report("built");
  registry = await startRegistry(work);
  report("started a local registry");
  await publishAll(registry);

  const alone = project("core-alone");
  await install(alone, "@chainrule/core", registry);
  writeFileSync(join(alone, "smoke.mjs"), coreSmoke);
  for (const major of nodeMajors) await runOn(major, alone, "smoke.mjs");

  const { code, packages } = readmeExample(readFileSync(join(root, "README.md"), "utf8"));
  const example = project("readme-example");
  for (const name of new Set(["@chainrule/core", ...packages])) await install(example, name, registry);
  writeFileSync(join(example, "example.ts"), code);
  for (const major of nodeMajors) await runOn(major, example, "example.ts");
  report("release check passed");
} finally {
  await registry?.stop();
  rmSync(work, { recursive: true, force: true });
}
