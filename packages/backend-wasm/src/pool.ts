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

function startInNode(threads: NodeThreads, start: WorkerStart, onLost: () => void): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const worker = new threads.Worker(workerSource, { eval: true, workerData: start, execArgv: [] });
    worker.on("message", () => {
      // From here on it must not keep the process alive.
      worker.unref();
      resolve(worker);
    });
    worker.on("error", (error: Error) => {
      onLost();
      reject(error);
    });
    worker.on("exit", () => {
      onLost();
      reject(new Error("it ended at once"));
    });
  });
}

function startInBrowser(start: WorkerStart, onLost: () => void): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.addEventListener("message", () => {
      URL.revokeObjectURL(url);
      resolve(worker);
    });
    worker.addEventListener("error", (event) => {
      onLost();
      reject(new Error(event.message || "it could not be started"));
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- workers have no origin to name
    worker.postMessage(start);
  });
}

/** Starts one worker; `onLost` is called should it ever end. */
export function startThread(start: WorkerStart, onLost: () => void): Promise<Thread> {
  const node = host.process?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
  const started = node ? startInNode(node, start, onLost) : startInBrowser(start, onLost);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not answer")), startMilliseconds);
  });
  return Promise.race([started, late]).finally(() => clearTimeout(timer));
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
