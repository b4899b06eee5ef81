import { existsSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "@chainrule-tools/chromium";
import type { WorkCase } from "./case.ts";
import { type ImplementationName, threaded } from "./names.ts";
import { installPeers } from "./peers.ts";
import { decode, type Opened } from "./process/protocol.ts";
import { type WorkerCommand, WorkerProcess } from "./process/worker-process.ts";
import type { Timed } from "./timing.ts";

/** How the worker of an implementation is started; throws, with a reason for the user, where it cannot be. */
export type Launch = (name: ImplementationName) => WorkerCommand;

/** The folder of npm's peers, or why there is none. */
export type Peers = { readonly folder: string } | { readonly reason: string };

const isPeer = (name: ImplementationName): boolean => name.startsWith("tfjs") || name.startsWith("jax");

/** Installs the peers if one of these implementations is a peer that npm has. */
export async function preparePeers(
  names: readonly ImplementationName[],
  log: (line: string) => void,
): Promise<Peers> {
  if (!names.some(isPeer)) return { reason: "not asked for" };
  try {
    return { folder: await installPeers(log) };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/**
 * Starts workers from the folder of `bundleWorkers`, Python's and the browser's from their sources. `hardware` gives the
 * browser the machine's own graphics adapter instead of one in software.
 */
export function launcher(peers: Peers, bundled: string, hardware: boolean): Launch {
  return (name) => {
    if (name === "torch") {
      const file = process.env["PYTHON"] ?? (process.platform === "win32" ? "python" : "python3");
      return { file, args: [join(import.meta.dirname, "impl/torch.py")] };
    }
    if (name === "chainrule-gpu") {
      const chromium = findChromium();
      if (chromium === null) throw new Error("it runs in a browser, and there is no Chromium on the PATH");
      const host = join(import.meta.dirname, "browser/host.ts");
      return { file: process.execPath, args: [host, chromium, ...(hardware ? ["--hardware"] : [])] };
    }
    if (isPeer(name) && "reason" in peers) throw new Error(peers.reason);
    const file = join(bundled, `${name}.mjs`);
    if (!existsSync(file)) throw new Error(`this workspace has no package for ${name}`);
    const folder = "folder" in peers ? peers.folder : "";
    return { file: process.execPath, args: [join(bundled, "worker.mjs"), file, folder] };
  };
}

/** An implementation with a number of threads, in a process of its own that is started anew where it was lost. */
export class Lane {
  readonly name: ImplementationName;
  readonly threads: number;
  readonly #launch: Launch;
  #worker: WorkerProcess | undefined;

  constructor(name: ImplementationName, threads: number, launch: Launch) {
    this.name = name;
    this.threads = threads;
    this.#launch = launch;
  }

  /** A fresh process that has loaded nothing yet; the caller closes it. */
  spawn(): WorkerProcess {
    return new WorkerProcess(this.#launch(this.name));
  }

  /** Makes sure that the lane's own process runs and has its framework loaded. */
  async open(): Promise<Opened> {
    await this.#worker?.close();
    this.#worker = this.spawn();
    return this.#worker.ask({ command: "open", threads: this.threads }, 120_000);
  }

  /** The results of a work, done from a fresh start. */
  async check(work: WorkCase, steps: number): Promise<Record<string, Float32Array>> {
    const encoded = await (await this.#running()).ask({ command: "check", work, steps });
    return Object.fromEntries(Object.entries(encoded).map(([name, text]) => [name, decode(text)]));
  }

  /** The work, ready to be timed. */
  async prepare(work: WorkCase): Promise<Timed> {
    const running = await this.#running();
    await running.ask({ command: "prepare", work });
    return {
      run: async (times) => (await running.ask({ command: "run", times })).milliseconds,
    };
  }

  async release(): Promise<void> {
    if (this.#worker?.alive) await this.#worker.ask({ command: "release" });
  }

  async close(): Promise<void> {
    await this.#worker?.close();
    this.#worker = undefined;
  }

  async #running(): Promise<WorkerProcess> {
    if (!this.#worker?.alive) await this.open();
    return this.#worker!;
  }
}

/** A lane for each implementation and number of threads; those that have one thread get one lane. */
export function lanesOf(
  names: readonly ImplementationName[],
  threads: readonly number[],
  launch: Launch,
): Lane[] {
  return names.flatMap((name) =>
    (threaded.has(name) ? threads : [1]).map((count) => new Lane(name, count, launch)),
  );
}
