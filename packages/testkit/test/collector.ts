import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Lets tests force a collection, as `node --expose-gc` does. */
export function exposeCollector(): void {
  setFlagsFromString("--expose-gc");
  (globalThis as { gc?: unknown }).gc = runInNewContext("gc");
}
