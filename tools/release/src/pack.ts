import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { exec } from "./exec.ts";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The repository's root folder. */
export const root: string = resolve(import.meta.dirname, "../../..");

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** Folders of the packages that are published, each after those it depends on. */
export function publicPackages(): string[] {
  const folders = readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((folder) => readManifest(folder).private !== true);
  const byName = new Map(folders.map((folder) => [readManifest(folder).name, folder]));
  const ordered = new Set<string>();
  const visit = (folder: string): void => {
    const { dependencies, peerDependencies } = readManifest(folder);
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const needed = byName.get(name);
      if (needed !== undefined && !ordered.has(needed)) visit(needed);
    }
    ordered.add(folder);
  };
  folders.forEach(visit);
  return [...ordered];
}

/** Packs a package as `pnpm publish` would and returns the tarball's path. */
export async function pack(folder: string, destination: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", destination];
  const { filename } = JSON.parse(await exec("pnpm", args, { cwd: folder })) as { filename: string };
  return resolve(destination, filename);
}
