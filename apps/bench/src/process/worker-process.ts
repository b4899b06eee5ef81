import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Answers, Command, Request } from "./protocol.ts";

/** A worker that ended, or did not answer in time, or could not start. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}

export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The last line of a worker's complaints: a stack's message for Node, the exception's for Python. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("at ") && !line.startsWith("Node.js v"));
  const named = lines.findLast((line) => /^\w*(Error|Exception)\b/.test(line));
  return named ?? lines.at(-1) ?? "it said nothing";
}

/** A process that answers requests, one at a time. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #waiting: Waiting | undefined;
  #lost: WorkerLost | undefined;
  #stderr = "";

  constructor({ file, args, env = process.env }: WorkerCommand) {
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], env });
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-10_000);
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#receive(line));
    // A worker that is gone is reported by `close`; writing to it is no second fault.
    this.#child.stdin!.on("error", () => {});
    this.#child.on("error", (error) => this.#lose(error.message));
    this.#child.on("close", (code, signal) =>
      this.#lose(`ended with ${signal ?? `exit code ${code}`}: ${lastWords(this.#stderr)}`),
    );
  }

  /** Whether it can still be asked. */
  get alive(): boolean {
    return this.#lost === undefined;
  }

  /** Throws what the worker answered as an error, or WorkerLost; a request that takes longer kills the worker. */
  ask<C extends Command>(
    request: Extract<Request, { readonly command: C }>,
    timeout: number = 300_000,
  ): Promise<Answers[C]> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (this.#waiting) return Promise.reject(new Error("a worker answers one request at a time"));
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(`${request.command}: no answer within ${timeout / 1000} s`);
        this.#child.kill("SIGKILL");
      }, timeout);
      const settled = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        resolve(result) {
          settled();
          resolve(result);
        },
        reject(error) {
          settled();
          reject(error);
        },
      };
      this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    }) as Promise<Answers[C]>;
  }

  /** Ends the process, at once where it does not end by itself. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) {
      return;
    }
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 2000);
    await closed;
    clearTimeout(timer);
  }

  #receive(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      // A framework printed to stdout by a way of its own.
      return;
    }
    if (answer === null || typeof answer !== "object") return;
    if ("error" in answer) this.#waiting?.reject(new Error(answer.error));
    else if ("result" in answer) this.#waiting?.resolve(answer.result);
  }

  #lose(reason: string): void {
    this.#lost ??= new WorkerLost(reason);
    this.#waiting?.reject(this.#lost);
  }
}
