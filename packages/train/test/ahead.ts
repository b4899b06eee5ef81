import { cpu } from "@chainrule/backend-cpu";
import type { Backend, BackendPlugin } from "@chainrule/core";

/** Elements read from backends that `runningAhead` made, since the start. */
export const reads = { count: 0 };

/** The CPU backend under another name, as one that runs ahead of the host; its reads are counted. */
export function runningAhead(name: string, synchronousReads: boolean): BackendPlugin {
  return {
    name,
    create: () => {
      const backend = cpu.create() as Backend;
      return {
        name,
        mode: "ahead",
        threads: 1,
        capabilities: { ...backend.capabilities, synchronousReads, runsAhead: true },
        alloc: (length, dtype) => backend.alloc(length, dtype),
        free: (buffer) => backend.free(buffer),
        write: (buffer, data) => backend.write(buffer, data),
        read: (buffer) => {
          reads.count++;
          return backend.read(buffer);
        },
        readSync: (buffer) => {
          reads.count++;
          return backend.readSync!(buffer);
        },
        compile: (kernel) => backend.compile(kernel),
        run: (executable, buffers) => backend.run(executable, buffers),
        dispose: () => backend.dispose(),
      };
    },
  };
}
