import { random, realize, setBackend } from "@chainrule/core";

/** Timers that were set while products were computed and read, and the products' sums. */
export interface Waits {
  readonly timers: number;
  readonly sums: readonly number[];
}

/** Reads products that take the device a while, in a page as it is and in one that says that it is hidden. */
export async function readWhileHidden(backend: string): Promise<Record<"shown" | "hidden", Waits>> {
  await setBackend(backend);
  random.seed(8);
  const x = random.normal([256, 256]);
  await realize(x);
  const read = async (): Promise<Waits> => {
    const { setTimeout } = globalThis;
    let timers = 0;
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      timers++;
      return setTimeout(...args);
    }) as typeof setTimeout;
    try {
      const sums: number[] = [];
      for (let i = 0; i < 3; i++) sums.push(await x.matmul(x.mul(i)).sum().item());
      return { timers, sums };
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  };
  const shown = await read();
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  try {
    return { shown, hidden: await read() };
  } finally {
    Reflect.deleteProperty(document, "hidden");
  }
}
