import { cpu } from "@chainrule/backend-cpu";
import { random, registerBackend, setBackend } from "@chainrule/core";

/** Makes the CPU backend the one that computes, and random numbers those of a fresh process. */
export async function prepare(): Promise<void> {
  registerBackend(cpu);
  await setBackend("cpu");
  random.seed(0);
}
