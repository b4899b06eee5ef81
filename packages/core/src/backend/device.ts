import { bytesPerElement, type Dtype, type TypedArray } from "../dtype.ts";
import { BackendError, DtypeError } from "../errors.ts";
import { LruMap } from "../engine/lru.ts";
import type { Backend } from "./contract.ts";
import type { Kernel } from "./kernel.ts";

/** Enough for the kernels of several networks at several batch sizes; the rest is compiled again when it returns. */
const maxExecutables = 4096;

/**
 * The collector tells us of abandoned tensors in a turn of the event loop of its own, and a loop that only awaits
 * computations never ends its turn: after this much was allocated, the engine ends one.
 */
const turnBytes = 64 * 2 ** 20;
const turnBuffers = 4096;

/**
 * The collector is moved by bytes, and many abandoned buffers may be few bytes: after so many more buffers than there
 * once were, an array is dropped that is large and never touched, so that it costs nothing and is still counted.
 */
const pressureBuffers = 32 * 1024;
const pressureBytes = 64 * 2 ** 20;

/** Timers are in no version of ECMAScript and in every place where it runs. */
const timers = globalThis as {
  setImmediate?: (then: () => void) => void;
  setTimeout?: (then: () => void, ms: number) => void;
};

/** A running backend with what the engine keeps about it: compiled kernels and the bytes it holds. */
export class Device {
  /** The name that its plugin is registered under: the backend may call itself otherwise. */
  readonly name: string;
  readonly backend: Backend;
  readonly #executables = new LruMap<string, unknown>(maxExecutables);
  #bytes = 0;
  #buffers = 0;
  #bytesBeforeTurn = turnBytes;
  #buffersBeforeTurn = turnBuffers;
  /** The fewest buffers held since the collector was last pressed. */
  #fewestBuffers = 0;

  constructor(name: string, backend: Backend) {
    this.name = name;
    this.backend = backend;
  }

  /** Bytes and buffers that tensors and plans hold now. */
  get memory(): { bytes: number; buffers: number } {
    return { bytes: this.#bytes, buffers: this.#buffers };
  }

  allocate(length: number, dtype: Dtype): unknown {
    const { capabilities } = this.backend;
    if (!capabilities.dtypes.includes(dtype)) {
      throw new DtypeError(
        `backend "${this.name}" does not hold ${dtype}, only ${capabilities.dtypes.join(", ")}; ` +
          `cast the tensor or use another backend`,
      );
    }
    if (length > capabilities.maxElements) {
      throw new BackendError(
        `backend "${this.name}" holds at most ${capabilities.maxElements} elements in a tensor, not ${length}`,
      );
    }
    const buffer = this.backend.alloc(length, dtype);
    this.#bytes += length * bytesPerElement(dtype);
    this.#buffers++;
    this.#bytesBeforeTurn -= length * bytesPerElement(dtype);
    this.#buffersBeforeTurn--;
    return buffer;
  }

  /** Ends the turn of the event loop if enough was allocated since the last time; null where there is no need. */
  takeTurn(): Promise<void> | null {
    if (this.#bytesBeforeTurn > 0 && this.#buffersBeforeTurn > 0) return null;
    this.#bytesBeforeTurn = turnBytes;
    this.#buffersBeforeTurn = turnBuffers;
    this.#press();
    return new Promise((resolve) => {
      if (timers.setImmediate) timers.setImmediate(resolve);
      else if (timers.setTimeout) timers.setTimeout(resolve, 0);
      else resolve();
    });
  }

  /** Prompts the garbage collector if abandoned buffers may have piled up. */
  #press(): void {
    if (this.#buffers - this.#fewestBuffers < pressureBuffers) return;
    this.#fewestBuffers = this.#buffers;
    try {
      void new ArrayBuffer(pressureBytes);
    } catch {
      // Memory that is short already moves the collector by itself.
    }
  }

  release(buffer: unknown, bytes: number): void {
    this.#bytes -= bytes;
    this.#buffers--;
    this.#fewestBuffers = Math.min(this.#fewestBuffers, this.#buffers);
    this.backend.free(buffer);
  }

  /** A buffer from one of its elements on. */
  view(buffer: unknown, start: number): unknown {
    return start === 0 ? buffer : this.backend.view!(buffer, start);
  }

  executable(kernel: Kernel): unknown {
    let executable = this.#executables.get(kernel.key);
    if (executable === undefined) {
      executable = this.backend.compile(kernel);
      this.#executables.set(kernel.key, executable);
    }
    return executable;
  }

  readSync(buffer: unknown): TypedArray {
    const { backend } = this;
    if (backend.readSync === undefined || !backend.capabilities.synchronousReads) {
      throw new BackendError(
        `backend "${this.name}" (${backend.mode}) cannot be read synchronously; use "await t.data()" or "await t.item()"`,
      );
    }
    return backend.readSync(buffer);
  }
}
