import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { exec } from "./exec.ts";
import { type Manifest, root } from "./pack.ts";

/** What a packed manifest may not carry: sources, workspace or catalog ranges, missing files. */
export function manifestProblems(manifest: Manifest, files: readonly string[]): string[] {
  const text = JSON.stringify({
    exports: manifest.exports,
    dependencies: manifest.dependencies,
    peerDependencies: manifest.peerDependencies,
  });
  const problems = ["./src/", "workspace:", "catalog:"]
    .filter((word) => text.includes(word))
    .map((word) => `package.json still says "${word}"`);
  for (const file of ["README.md", "LICENSE"]) {
    if (!files.includes(file)) problems.push(`${file} is not in the tarball`);
  }
  const stray = files.filter(
    (file) => !/^(dist\/.*|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file),
  );
  return [...problems, ...stray.map((file) => `${file} should not be in the tarball`)];
}

async function tarballManifest(tarball: string): Promise<{ manifest: Manifest; files: string[] }> {
  const cwd = root;
  const listing = await exec("tar", ["-tzf", tarball], { cwd });
  const files = listing
    .trim()
    .split("\n")
    .map((line) => line.replace(/^package\//, ""));
  const manifest = await exec("tar", ["-xOzf", tarball, "package/package.json"], { cwd });
  return { manifest: JSON.parse(manifest) as Manifest, files };
}

async function publintProblems(tarball: string): Promise<string[]> {
  const { buffer, byteOffset, byteLength } = readFileSync(tarball);
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes } });
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`);
}

async function typeProblems(tarball: string): Promise<string[]> {
  const attw = join(root, "tools/release/node_modules/.bin/attw");
  try {
    await exec(attw, [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], { cwd: root });
    return [];
  } catch (error) {
    return [`attw: ${String(error)}`];
  }
}

/** Everything wrong with a tarball, as a user of npm and TypeScript would meet it. */
export async function inspect(tarball: string): Promise<string[]> {
  const { manifest, files } = await tarballManifest(tarball);
  return [
    ...manifestProblems(manifest, files),
    ...(await publintProblems(tarball)),
    ...(await typeProblems(tarball)),
  ];
}
