// Builds, packs and publishes everything to a registry on this machine, then does what a new user
// does: `pnpm check:release`.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readmeExample } from "./example.ts";
import { exec } from "./exec.ts";
import { inspect } from "./inspect.ts";
import { pack, publicPackages, readManifest, root } from "./pack.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { nodeBinary } from "./tools-cache.ts";

const nodeMajors = [22, 24] as const;
/** What installing backend-gpu may weigh, core included. */
const maxGpuKilobytes = 3072;
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

/** The WASM backend depends most on what a host has: its whole suite, with one thread and with two. */
const conformance = `
import { registerBackend } from "@chainrule/core";
import { createWasm } from "@chainrule/backend-wasm";
import { runConformance } from "@chainrule/testkit";
for (const threads of [1, 2]) {
  const name = "wasm " + threads;
  registerBackend({ ...createWasm({ threads }), name });
  const results = await runConformance(name);
  const bad = results.filter(({ status }) => status !== "passed");
  if (bad.length > 0) throw new Error(bad.map((result) => result.case.name + ": " + result.reason).join("\\n"));
  console.log(name + ": " + results.length + " cases passed");
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

async function addWithPnpm(folder: string, names: readonly string[], { npmrc }: Registry): Promise<void> {
  copyFileSync(npmrc, join(folder, ".npmrc"));
  await exec("pnpm", ["add", ...names, "--store-dir", join(work, "pnpm-store")], { cwd: folder });
  await exec(process.execPath, ["--input-type=module", "-e", `await import("${names.at(-1)!}")`], {
    cwd: folder,
  });
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

  const tested = project("conformance");
  for (const name of ["@chainrule/core", "@chainrule/backend-wasm", "@chainrule/testkit"])
    await install(tested, name, registry);
  writeFileSync(join(tested, "conformance.mjs"), conformance);
  // The tests run it on the newest.
  await runOn(nodeMajors[0], tested, "conformance.mjs");

  // gpu.js is bundled there: installing it by itself takes 84 MB and a native build.
  for (const manager of ["npm", "pnpm"] as const) {
    const folder = project(`gpu-${manager}`);
    if (manager === "npm") await install(folder, "@chainrule/backend-gpu", registry);
    else await addWithPnpm(folder, ["@chainrule/core", "@chainrule/backend-gpu"], registry);
    const kilobytes = Number((await exec("du", ["-skL", "node_modules"], { cwd: folder })).split("\t")[0]);
    if (kilobytes > maxGpuKilobytes) throw new Error(`backend-gpu takes ${kilobytes} kB with ${manager}`);
    report(`with ${manager}, backend-gpu and core take ${kilobytes} kB`);
  }

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
