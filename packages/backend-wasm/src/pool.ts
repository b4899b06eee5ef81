import { workerSource, type WorkerStart } from "./worker.ts";

/** A thread of our own, in Node or in a browser. */
export interface Thread {
  terminate(): unknown;
}

interface NodeThread extends Thread {
  on(event: string, listener: (value: never) => void): unknown;
  unref(): void;
}

interface NodeThreads {
  readonly Worker: new (source: string, options: object) => NodeThread;
}

/** The part of Node that we look for by hand, so that bundlers for browsers meet no import of it. */
const host = globalThis as {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
};

const startMilliseconds = 10_000;

/** Starts one worker; `onLost` is called should it ever end. */
export function startThread(start: WorkerStart, onLost: () => void): Promise<Thread> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const started = new Promise<Thread>((resolve, reject) => {
    const fail = (reason: string): void => reject(new Error(reason));
    const lose = (reason: string): void => {
      onLost();
      fail(reason);
    };
    timer = setTimeout(() => fail("it did not answer"), startMilliseconds);
    const threads = host.process?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
    if (threads) {
      const worker = new threads.Worker(workerSource, { eval: true, workerData: start, execArgv: [] });
      worker.on("message", () => {
        // From here on it must not keep the process alive.
        worker.unref();
        resolve(worker);
      });
      worker.on("error", (error: Error) => lose(error.message));
      worker.on("exit", () => lose("it ended at once"));
      return;
    }
    const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.addEventListener("message", () => {
      URL.revokeObjectURL(url);
      resolve(worker);
    });
    worker.addEventListener("error", ({ message }) => lose(message || "it could not be started"));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- workers have no origin to name
    worker.postMessage(start);
  });
  return started.finally(() => clearTimeout(timer));
}

/** Threads that the host can run at once. */
export const availableThreads = (): number => globalThis.navigator?.hardwareConcurrency ?? 1;

/** Whether this thread may sleep: the main thread of a page may not. */
export const maySleep = (): boolean => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
};
