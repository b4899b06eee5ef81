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
  const finish = await watchBuffers(options);
  await fn();
  await finish();
}

/** Whether the host lets garbage be collected on demand. */
export const canCollect = (): boolean => host.gc !== undefined;

/** Notes what is live now; the function that it returns throws where more is live then. */
export async function watchBuffers(options: LeakCheckOptions = {}): Promise<() => Promise<void>> {
  const { allowedBuffers = 0, rounds = 10 } = options;
  const before = await settled(rounds);
  const leaks = (): string[] =>
    Object.entries(memory())
      .map(([name, now]) => ({ name, now, was: before[name] ?? { bytes: 0, buffers: 0 } }))
      .filter(({ now, was }) => now.buffers - was.buffers > allowedBuffers)
      .map(
        ({ name, now, was }) =>
          `${name}: ${now.buffers - was.buffers} buffers, ${now.bytes - was.bytes} bytes`,
      );
  return async () => {
    for (let round = 0; round < rounds && leaks().length > 0; round++) await collect();
    const left = leaks();
    if (left.length === 0) return;
    const hint = canCollect()
      ? ""
      : "; garbage was not collected, run with --expose-gc to tell it from a leak";
    throw new Error(`leakCheck: still live afterwards: ${left.join("; ")}${hint}`);
  };
}

/** What is live once collecting frees no more. */
async function settled(rounds: number): Promise<ReturnType<typeof memory>> {
  let live = JSON.stringify(memory());
  for (let round = 0; round < rounds; round++) {
    await collect();
    const now = JSON.stringify(memory());
    // The first round's finalizers may release what the second collects.
    if (round > 0 && now === live) break;
    live = now;
  }
  return memory();
}

/** Finalizers run in tasks of their own after a collection; a task of ours lets them. */
async function collect(): Promise<void> {
  host.gc?.();
  await new Promise<void>((resolve) => {
    if (host.setTimeout) host.setTimeout(resolve, 0);
    else resolve();
  });
}
