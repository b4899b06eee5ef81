import type { AnyModule } from "./module.ts";

/** What an observer learns of one call of one module's `forward`. */
export interface ForwardCall {
  /** The module's name below the observed one, "" for that one itself. */
  readonly name: string;
  readonly module: AnyModule;
  readonly inputs: readonly unknown[];
  readonly output: unknown;
}

/**
 * Calls `observer` after each `forward` of `root` and of every module below it, until the returned function is
 * called.
 */
export function observeForward(root: AnyModule, observer: (call: ForwardCall) => void): () => void {
  const restores = root.namedModules().map(([name, module]) => {
    const own = Object.getOwnPropertyDescriptor(module, "forward");
    const forward = module.forward.bind(module) as (...inputs: readonly unknown[]) => unknown;
    const observed = (...inputs: readonly unknown[]): unknown => {
      const output = forward(...inputs);
      observer({ name, module, inputs, output });
      return output;
    };
    Object.defineProperty(module, "forward", { value: observed, configurable: true, writable: true });
    return () => {
      if (own) Object.defineProperty(module, "forward", own);
      else Reflect.deleteProperty(module, "forward");
    };
  });
  return () => {
    for (const restore of restores.toReversed()) restore();
  };
}
