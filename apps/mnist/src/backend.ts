import { cpu } from "@chainrule/backend-cpu";
import { createGpu, gpu } from "@chainrule/backend-gpu";
import { wasm } from "@chainrule/backend-wasm";
import { registerBackend, setBackend } from "@chainrule/core";
import { print } from "./print.ts";

/**
 * Registers what this program has and makes one the default. Where there is no GPU, its kernels run in WebAssembly.
 *
 * @throws BackendError for an unknown name.
 */
export async function useBackend(name: string): Promise<void> {
  registerBackend(cpu);
  registerBackend(wasm);
  const reason = gpu.unavailable();
  registerBackend(reason === null ? gpu : gpuOnProcessor);
  await setBackend(name);
  if (name === "gpu" && reason !== null)
    print(`no GPU here (${why(reason)}): its kernels run in WebAssembly`);
}

const gpuOnProcessor = createGpu({ mode: "webasm" });

/** What a reason says before it gives advice. */
const why = (reason: string): string => reason.split(";")[0]!;
