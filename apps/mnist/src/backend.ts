import { cpu } from "@chainrule/backend-cpu";
import { createGpu, gpu } from "@chainrule/backend-gpu";
import { wasm } from "@chainrule/backend-wasm";
import { listBackends, registerBackend, setBackend } from "@chainrule/core";
import { print } from "./print.ts";

/**
 * Registers what this program has and makes one the default: the one that is named, else WASM, or the CPU backend
 * where that cannot run. In Node the GPU is that of the package `gl`; where there is none, its kernels run in WebAssembly.
 *
 * @throws BackendError for an unknown name.
 */
export async function useBackend(name?: string): Promise<void> {
  registerBackend(cpu);
  registerBackend(wasm);
  const plugin = [gpu, gpuInNode].find((plugin) => plugin.unavailable() === null) ?? gpuOnProcessor;
  registerBackend(plugin);
  await setBackend(name ?? (await fastest()));
  if (name === "gpu" && plugin === gpuOnProcessor)
    print(`no GPU here (${why(gpuInNode.unavailable()!)}): its kernels run in WebAssembly`);
}

async function fastest(): Promise<string> {
  const [listing] = (await listBackends()).filter((backend) => backend.name === "wasm");
  if (listing?.available) return "wasm";
  print(`wasm cannot run here (${why(listing?.reason ?? "not registered")}): computing on cpu`);
  return "cpu";
}

const gpuInNode = createGpu({ mode: "headlessgl" });
const gpuOnProcessor = createGpu({ mode: "webasm" });

/** What a reason says before it gives advice. */
const why = (reason: string): string => reason.split(/[;:] /)[0]!;
