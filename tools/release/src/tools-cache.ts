import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "./exec.ts";
import { root } from "./pack.ts";

interface Tool {
  readonly name: string;
  readonly version: string;
  readonly overrides?: Readonly<Record<string, string>>;
}

/** Installs an npm tool outside the workspace, once, and returns the folder that holds it. */
export async function installTool({ name, version, overrides = {} }: Tool): Promise<string> {
  const folder = join(root, "node_modules/.cache/chainrule-release", `${name}-${version}`);
  const installed = join(folder, "installed");
  if (existsSync(installed)) return folder;
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { [name]: version }, overrides };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  await exec("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
  writeFileSync(installed, "");
  return folder;
}

/** The path of a Node binary of this major version. */
export async function nodeBinary(major: number): Promise<string> {
  const folder = await installTool({ name: "node", version: String(major) });
  return join(folder, "node_modules/node/bin/node");
}
