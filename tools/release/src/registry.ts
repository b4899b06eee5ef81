import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { exec } from "./exec.ts";
import { installTool } from "./tools-cache.ts";

export interface Registry {
  /** An npm configuration file that points at this registry and no other. */
  readonly npmrc: string;
  readonly stop: () => Promise<void>;
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Our packages live here only; everything else comes from where npm is configured to look.
 * Verdaccio reads YAML, of which JSON is a part.
 */
function config(folder: string, upstream: string): string {
  return JSON.stringify({
    storage: join(folder, "storage"),
    uplinks: { upstream: { url: upstream } },
    packages: {
      "@chainrule/*": { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    log: { type: "stdout", format: "pretty", level: "error" },
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}-/ping`)).ok;
  } catch {
    return false;
  }
}

/** Starts a registry on this machine with its storage under `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  const tool = { name: "verdaccio", version: "6.10.4", overrides: { "node-fetch": "2.7.0" } };
  const verdaccio = join(await installTool(tool), "node_modules/verdaccio/bin/verdaccio");
  const upstream = (await exec("npm", ["config", "get", "registry"], { cwd: folder })).trim();
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}/`;
  mkdirSync(join(folder, "storage"), { recursive: true });
  const configFile = join(folder, "verdaccio.yaml");
  writeFileSync(configFile, config(folder, upstream));
  const npmrc = join(folder, "npmrc");
  writeFileSync(npmrc, `registry=${url}\n//${address}/:_authToken=local\n`);

  const args = [verdaccio, "--config", configFile, "--listen", address];
  const server = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  server.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const exited = new Promise<void>((resolve) => {
    server.on("exit", () => resolve());
  });
  const kill = (): void => void server.kill();
  process.on("exit", kill);
  const stop = async (): Promise<void> => {
    process.off("exit", kill);
    server.kill();
    await exited;
  };
  for (const deadline = Date.now() + 30_000; !(await answers(url));) {
    if (Date.now() > deadline || server.exitCode !== null) {
      await stop();
      throw new Error(`the local registry did not start within 30 s\n${complaints}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { npmrc, stop };
}
