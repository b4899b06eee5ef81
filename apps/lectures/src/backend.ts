import { cpu } from "@chainrule/backend-cpu";
import { wasm } from "@chainrule/backend-wasm";
import { getBackend, listBackends, random, registerBackend, setBackend } from "@chainrule/core";
import type { Note } from "./result.ts";

/**
 * Makes a backend the one that computes, the CPU backend unless WASM is asked for and can run here, and random numbers
 * those of a fresh process.
 */
export async function prepare(wanted: "cpu" | "wasm" = "cpu"): Promise<void> {
  registerBackend(cpu);
  registerBackend(wasm);
  const there = (await listBackends()).some(({ name, available }) => name === wanted && available);
  await setBackend(there ? wanted : "cpu");
  random.seed(0);
}

/** What really computes. */
export function computedOn(): Note {
  const { name, mode } = getBackend();
  return { name: "computed on", value: `${name} (${mode})` };
}
