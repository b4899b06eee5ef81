import { memory } from "@chainrule/core";

/** What `leakCheck` may be told. */
export interface LeakCheckOptions {
  /** Buffers that may stay, for example a parameter made on purpose; 0 unless said. */
  readonly allowedBuffers?: number;
  /** Rounds of collection to wait for finalizers. */
  readonly rounds?: number;
}

type Host = typeof globalThis & {
  gc?: () => void;
  setTimeout?: (callback: () => void, milliseconds: number) => unknown;
};

const host = globalThis as Host;

/**
 * Runs `fn`, lets garbage be collected, and throws where a backend then holds more buffers than before.
 *
 * Collection is forced where the host offers `gc` (`node --expose-gc`); without it, only buffers that were freed
 * by hand or by `using` are sure to be gone.
 */
export async function leakCheck(fn: () => unknown, options: LeakCheckOptions = {}): Promise<void> {
  const { allowedBuffers = 0, rounds = 10 } = options;
  await settle(rounds, () => false);
  const before = memory();
  await fn();
  const leaks = (): string[] =>
    Object.entries(memory())
      .map(([name, now]) => ({ name, now, was: before[name] ?? { bytes: 0, buffers: 0 } }))
      .filter(({ now, was }) => now.buffers - was.buffers > allowedBuffers)
      .map(
        ({ name, now, was }) =>
          `${name}: ${now.buffers - was.buffers} buffers, ${now.bytes - was.bytes} bytes`,
      );
  await settle(rounds, () => leaks().length === 0);
  const left = leaks();
  if (left.length > 0) {
    const hint = host.gc ? "" : "; garbage was not collected, run with --expose-gc to tell it from a leak";
    throw new Error(`leakCheck: still live afterwards: ${left.join("; ")}${hint}`);
  }
}

/** Finalizers run in tasks of their own after a collection; a task of ours lets them. */
async function settle(rounds: number, done: () => boolean): Promise<void> {
  for (let i = 0; i < rounds && !done(); i++) {
    host.gc?.();
    await new Promise<void>((resolve) => {
      if (host.setTimeout) host.setTimeout(resolve, 0);
      else resolve();
    });
  }
}
