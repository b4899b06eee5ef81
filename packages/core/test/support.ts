import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createCpu, type CpuBackend } from "@chainrule/backend-cpu";
import { type Backend, type BackendPlugin, memory, random, realizeSync, type Tensor } from "@chainrule/core";

/** A backend of another name that leaves the work to a CPU backend of its own; `changes` replace parts of it. */
export function cpuAs(name: string, changes: (inner: CpuBackend) => Partial<Backend> = () => ({})): Backend {
  const inner = createCpu();
  return {
    name,
    mode: inner.mode,
    threads: 1,
    capabilities: inner.capabilities,
    alloc: (length, dtype) => inner.alloc(length, dtype),
    free: (buffer) => inner.free(buffer as never),
    write: (buffer, data) => inner.write(buffer as never, data),
    read: (buffer) => inner.read(buffer as never),
    readSync: (buffer) => inner.readSync!(buffer as never),
    compile: (kernel) => inner.compile(kernel),
    run: (executable, buffers) => inner.run(executable as never, buffers as never),
    dispose: () => inner.dispose(),
    ...changes(inner),
  };
}

/** The same as a plug-in that starts without waiting. */
export const cpuPlugin = (
  name: string,
  changes?: (inner: CpuBackend) => Partial<Backend>,
): BackendPlugin => ({
  name,
  create: () => cpuAs(name, changes),
});

/** A backend whose kernels write one buffer each, as on a GPU; it refuses any other. */
export const narrowPlugin = (name: string): BackendPlugin =>
  cpuPlugin(name, (inner) => ({
    capabilities: { ...inner.capabilities, maxOutputs: 1 },
    compile: (kernel) => {
      if (kernel.outputs.length > 1) throw new Error(`a kernel writes ${kernel.outputs.length} buffers`);
      return inner.compile(kernel);
    },
  }));

/** A backend that can only run whole plans once a function is captured, and counts them. */
export function planPlugin(name: string): BackendPlugin & { plans: number } {
  const plugin = {
    name,
    plans: 0,
    create: () =>
      cpuAs(name, (inner) => ({
        runPlan: (steps) => {
          plugin.plans++;
          for (const { executable, buffers } of steps) inner.run(executable as never, buffers as never);
        },
      })),
  };
  return plugin;
}

/** A tensor between 0.5 and 1.5 whose elements are on the device already. */
export function stored(...shape: number[]): Tensor {
  const x = random.uniform(shape, { low: 0.5, high: 1.5 });
  realizeSync(x);
  return x;
}

/** The elements as numbers; the sign of zero is kept. */
export const numbersOf = async (x: Tensor): Promise<number[]> => [...(await x.data())];

/** The elements as text that tells all bits but those of NaN apart. */
export const bitsOf = async (x: Tensor): Promise<string> =>
  (await numbersOf(x)).map((value) => (Object.is(value, -0) ? "-0" : String(value))).join();

/** Two backends' or moments' memory, as `memory()` gives it. */
export type Held = { readonly bytes: number; readonly buffers: number };

export const held = (name = "cpu"): Held => memory()[name] ?? { bytes: 0, buffers: 0 };

let collector: (() => void) | undefined;

/** Collects garbage until the finalizers of what it found have run. */
export async function collectGarbage(): Promise<void> {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as () => void;
  }
  for (let i = 0; i < 4; i++) {
    collector();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
