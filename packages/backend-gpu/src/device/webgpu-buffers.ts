import { BackendError } from "@chainrule/core";
import { bufferUsage } from "./webgpu-flags.ts";

/** Elements in a storage buffer. */
export interface DeviceBuffer {
  readonly id: number;
  readonly pool: BufferPool;
  readonly buffer: GPUBuffer;
}

/** Buffers are made in multiples of this, so that few sizes exist. */
const unit = 256;

let made = 0;

/** Makes storage buffers, and keeps freed ones for reuse by size, up to so many bytes. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #maxFreeBytes: number;
  readonly #beforeDelete: () => void;
  readonly #free = new Map<number, DeviceBuffer[]>();
  #freeBytes = 0;
  /** Buffers that exist. */
  count = 0;

  /** `beforeDelete` sends off the work that still names a buffer, which must not be gone by then. */
  constructor(device: GPUDevice, maxFreeBytes: number, beforeDelete: () => void) {
    this.#device = device;
    this.#maxFreeBytes = maxFreeBytes;
    this.#beforeDelete = beforeDelete;
  }

  /** A buffer for `length` floats with unspecified contents. */
  take(length: number): DeviceBuffer {
    const size = Math.ceil((4 * Math.max(1, length)) / unit) * unit;
    const free = this.#free.get(size)?.pop();
    if (free) {
      this.#freeBytes -= size;
      return free;
    }
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    if (size > Math.min(maxStorageBufferBindingSize, maxBufferSize)) {
      throw new BackendError(`the GPU holds no buffer of ${size} bytes`);
    }
    const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
    const buffer = this.#device.createBuffer({ size, usage });
    this.count++;
    return { id: ++made, pool: this, buffer };
  }

  give(freed: DeviceBuffer): void {
    const { size } = freed.buffer;
    if (this.#freeBytes + size > this.#maxFreeBytes) return this.#delete(freed);
    const list = this.#free.get(size);
    if (list) list.push(freed);
    else this.#free.set(size, [freed]);
    this.#freeBytes += size;
  }

  #delete({ buffer }: DeviceBuffer): void {
    this.#beforeDelete();
    buffer.destroy();
    this.count--;
  }

  clear(): void {
    for (const list of this.#free.values()) for (const freed of list) this.#delete(freed);
    this.#free.clear();
    this.#freeBytes = 0;
  }
}
