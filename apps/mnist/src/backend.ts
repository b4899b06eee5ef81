import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, setBackend } from "@chainrule/core";

/** Registers what this program has and makes one the default. @throws BackendError for an unknown name. */
export async function useBackend(name: string): Promise<void> {
  registerBackend(cpu);
  await setBackend(name);
}
