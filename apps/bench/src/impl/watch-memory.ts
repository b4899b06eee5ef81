import { type BackendPlugin, bytesPerElement, memory } from "@chainrule/core";
import type { Held } from "./implementation.ts";

/** The same backend; `held` says the most that its tensors and plans have held at once. */
function watchTensors(plugin: BackendPlugin): { plugin: BackendPlugin; held: () => number } {
  let most = 0;
  const counted: BackendPlugin = {
    ...plugin,
    async create() {
      const backend = await plugin.create();
      const alloc = backend.alloc.bind(backend);
      backend.alloc = (length, dtype) => {
        const buffer = alloc(length, dtype);
        // The engine counts a buffer once it has it.
        const before = memory()[plugin.name]?.bytes ?? 0;
        most = Math.max(most, before + length * bytesPerElement(dtype));
        return buffer;
      };
      return backend;
    },
  };
  return { plugin: counted, held: () => most };
}

/** From now on counts the linear memories that are made; they never shrink. */
function watchLinearMemory(): () => number {
  const made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  return () => made.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
}

/** A plugin, and what it has held where that is watched. */
export interface Watched {
  readonly plugin: BackendPlugin;
  readonly held?: () => Held;
}

/** What `create` makes, watched from its beginning where that is wanted. */
export function watched(isWanted: boolean, create: () => BackendPlugin): Watched {
  if (!isWanted) return { plugin: create() };
  const linearMemory = watchLinearMemory();
  const { plugin, held } = watchTensors(create());
  return { plugin, held: () => ({ tensors: held(), linearMemory: linearMemory() }) };
}
