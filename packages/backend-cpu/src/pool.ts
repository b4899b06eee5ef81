import { BackendError, bytesPerElement, sizeClass, type Dtype, type TypedArray } from "@chainrule/core";

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Memory for buffers, kept for reuse by size class when it is freed, up to `maxPooledBytes` in all. */
export class Pool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #maxPooledBytes: number;
  #pooledBytes = 0;

  constructor(maxPooledBytes: number) {
    this.#maxPooledBytes = maxPooledBytes;
  }

  /** Bytes that are kept and not in use. */
  get pooledBytes(): number {
    return this.#pooledBytes;
  }

  /** An array of `length` elements with whatever contents; throws a BackendError when memory runs out. */
  take(length: number, dtype: Dtype): TypedArray {
    const bytes = sizeClass(length * bytesPerElement(dtype));
    const reused = this.#free.get(bytes)?.pop();
    if (reused) this.#pooledBytes -= bytes;
    return new arrays[dtype](reused ?? this.#allocate(bytes), 0, length);
  }

  #allocate(bytes: number): ArrayBuffer {
    try {
      return new ArrayBuffer(bytes);
    } catch {
      this.clear();
    }
    try {
      return new ArrayBuffer(bytes);
    } catch (cause) {
      throw new BackendError(`cpu: out of memory: ${bytes} bytes for one buffer could not be allocated`, {
        cause,
      });
    }
  }

  /** Takes back the memory of an array that `take` gave. */
  give({ buffer }: TypedArray): void {
    const bytes = buffer.byteLength;
    if (this.#pooledBytes + bytes > this.#maxPooledBytes) return;
    this.#pooledBytes += bytes;
    const free = this.#free.get(bytes);
    if (free) free.push(buffer as ArrayBuffer);
    else this.#free.set(bytes, [buffer as ArrayBuffer]);
  }

  /** Drops all memory that is kept. */
  clear(): void {
    this.#free.clear();
    this.#pooledBytes = 0;
  }
}
