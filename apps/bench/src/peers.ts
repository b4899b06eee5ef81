import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";

/** The peers that npm has, pinned: figures of two runs compare the same releases. */
export const peerVersions = {
  "@tensorflow/tfjs": "4.22.0",
  "@tensorflow/tfjs-backend-wasm": "4.22.0",
  "@jax-js/jax": "0.1.25",
} as const;

const cache = join(import.meta.dirname, "../../../node_modules/.cache/chainrule-bench");

/** Where the peers of these versions are, or will be. */
export function peersFolder(): string {
  const hash = createHash("sha256").update(JSON.stringify(peerVersions)).digest("hex").slice(0, 12);
  return join(cache, `peers-${hash}`);
}

/** Runs npm to its end; the error carries the last of what it printed. */
function npmInstall(folder: string): Promise<void> {
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--ignore-scripts",
    "--loglevel=error",
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      // On Windows npm is a script.
      shell: process.platform === "win32",
      timeout: 600_000,
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", (error) => reject(new Error(`npm does not start: ${error.message}`)));
    child.on("close", (code) => {
      const said = stderr.split("\n").find((line) => /error/i.test(line)) ?? "no reason given";
      if (code === 0) resolve();
      else reject(new Error(`npm install failed (${said.trim().slice(0, 200)})`));
    });
  });
}

/**
 * Installs the peers outside the workspace, once. Throws where that fails; a half-made folder is never left behind.
 */
export async function installPeers(log: (line: string) => void): Promise<string> {
  const folder = peersFolder();
  if (existsSync(folder)) return folder;
  log(
    `installing the peers once (${Object.entries(peerVersions)
      .map((pair) => pair.join("@"))
      .join(", ")})`,
  );
  const temporary = `${folder}.${process.pid}`;
  await mkdir(temporary, { recursive: true });
  try {
    const manifest = { private: true, dependencies: peerVersions };
    await writeFile(join(temporary, "package.json"), JSON.stringify(manifest));
    await npmInstall(temporary);
    await mkdir(dirname(folder), { recursive: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another run may have finished the same work meanwhile.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
