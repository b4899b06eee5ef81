import type { Device } from "../backend/device.ts";
import { bytesPerElement, type Dtype, type TypedArray } from "../dtype.ts";
import { BackendError, StateError } from "../errors.ts";

/** What a device holds for a storage: apart from the storage, so that it can be freed after the storage is gone. */
interface Claim {
  readonly device: Device;
  readonly buffer: unknown;
  readonly bytes: number;
  released: boolean;
}

function release(claim: Claim): void {
  if (claim.released) return;
  claim.released = true;
  claim.device.release(claim.buffer, claim.bytes);
}

const abandoned = new FinalizationRegistry<Claim>(release);

/**
 * The elements of a realised tensor: on the host until a device first needs them, on that device from then on.
 * Its buffer goes back when it is disposed, or after the last tensor that leads to it is gone.
 */
export class Storage {
  readonly dtype: Dtype;
  readonly length: number;
  /** Counts updates in place; a node that stands for an earlier version cannot be read any more. */
  version = 0;
  #host: TypedArray | null = null;
  #claim: Claim | null = null;
  #disposed = false;

  private constructor(dtype: Dtype, length: number) {
    this.dtype = dtype;
    this.length = length;
  }

  /** Elements that wait on the host; `data` is kept, not copied. */
  static onHost(data: TypedArray, dtype: Dtype): Storage {
    const storage = new Storage(dtype, data.length);
    storage.#host = data;
    return storage;
  }

  /** Stands for an argument while a function is captured: it has a shape and no elements. */
  static placeholder(dtype: Dtype, length: number): Storage {
    return new Storage(dtype, length);
  }

  /** Takes over a buffer of the device. */
  static onDevice(device: Device, buffer: unknown, dtype: Dtype, length: number): Storage {
    const storage = new Storage(dtype, length);
    storage.#adopt(device, buffer);
    return storage;
  }

  #adopt(device: Device, buffer: unknown): void {
    this.#claim = { device, buffer, bytes: this.length * bytesPerElement(this.dtype), released: false };
    abandoned.register(this, this.#claim, this);
  }

  /** The device that holds the elements; null while they wait on the host. */
  get device(): Device | null {
    return this.#claim?.device ?? null;
  }

  /** The elements, which wait on the host because no device holds them. */
  get host(): TypedArray {
    if (this.#host !== null) return this.#host;
    throw new StateError(
      this.#disposed
        ? "this tensor was disposed; read it before dispose() or keep it alive"
        : "an argument of a captured function has no elements while the function is captured: " +
            "compute with it, return what you want to read, and read that outside",
    );
  }

  /** The buffer on `device`, where host elements are copied when they are first asked for. */
  bufferOn(device: Device): unknown {
    if (this.#claim === null) {
      const { host } = this;
      const buffer = device.allocate(this.length, this.dtype);
      try {
        device.backend.write(buffer, host);
      } catch (error) {
        device.release(buffer, this.length * bytesPerElement(this.dtype));
        throw error;
      }
      this.#adopt(device, buffer);
      this.#host = null;
    }
    const claim = this.#claim!;
    if (claim.device !== device) {
      throw new BackendError(
        `a tensor on backend "${claim.device.name}" cannot be used on "${device.name}"; ` +
          `move it first: await t.to("${device.name}")`,
      );
    }
    return claim.buffer;
  }

  dispose(): void {
    this.#disposed = true;
    this.#host = null;
    if (this.#claim === null) return;
    abandoned.unregister(this);
    release(this.#claim);
    this.#claim = null;
  }
}
