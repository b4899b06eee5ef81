import { spawn } from "node:child_process";

export interface ExecOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until the command is killed; five minutes by default. */
  readonly timeout?: number;
}

/** Runs a command to its end and returns its stdout; a failure throws with all that it printed. */
export function exec(command: string, args: readonly string[], options: ExecOptions): Promise<string> {
  const { cwd, env = process.env, timeout = 300_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let all = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      all += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      all += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ${args.join(" ")}: ${signal ?? `exit code ${code}`}\n${all}`));
    });
  });
}
