import * as control from "./control.ts";

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly executor: WebAssembly.Module;
  readonly thread: number;
  readonly threads: number;
}

/**
 * The program of a worker, as text: bundlers would not find a file. It says "ready", then stays in `work` for good
 * but to load kernels, which it reads from shared memory since no message can reach it there. A kernel that does not
 * load may be gone by now, or this thread may not know yet that memory has grown: it tries again.
 */
export const workerSource: string = `
const start = ({ memory, executor, thread, threads }, ready) => {
  const { Instance, Module, Table } = WebAssembly;
  const table = new Table({ initial: 64, element: "anyfunc" });
  const e = { m: memory, t: table, wait: () => 0 };
  const { work } = new Instance(executor, { e }).exports;
  const words = () => new Int32Array(memory.buffer);
  const load = (index) => {
    const [address, length, first] = words().subarray((words()[${control.registry / 4}] >>> 2) + index * 4);
    const bytes = new Uint8Array(memory.buffer, address >>> 0, length).slice();
    const functions = new Instance(new Module(bytes), { e }).exports;
    for (const name in functions) {
      const at = first + Number(name);
      if (at >= table.length) table.grow(2 * at + 1 - table.length);
      table.set(at, functions[name]);
    }
  };
  ready();
  try {
    let failures = 0;
    for (let index; (index = work(thread, threads)) >= 0; ) {
      try {
        load(index);
        failures = 0;
      } catch (error) {
        if (++failures > 100) throw error;
      }
    }
  } catch (error) {
    Atomics.store(words(), ${control.failed / 4}, 1);
    throw error;
  }
};
if (typeof require === "function") {
  const { parentPort, workerData } = require("node:worker_threads");
  start(workerData, () => parentPort.postMessage("ready"));
} else {
  onmessage = ({ data }) => start(data, () => postMessage("ready"));
}
`;
