import type { Dtype, TypedArray } from "@chainrule/core";
import type { Driver } from "./device/driver.ts";
import { fromFloats, toFloats } from "./host/elements.ts";

/**
 * A buffer of the backend: elements on the host, in a slab of the driver, or both. A kernel that writes into it brings
 * a slab of its own, so that a buffer may be read and written by one kernel.
 */
export class GpuBuffer {
  readonly driver: Driver;
  readonly length: number;
  readonly dtype: Dtype;
  #host: TypedArray | null = null;
  #slab: unknown = null;

  constructor(driver: Driver, length: number, dtype: Dtype) {
    this.driver = driver;
    this.length = length;
    this.dtype = dtype;
  }

  /** The elements where the host has them. */
  get host(): TypedArray | null {
    return this.#host;
  }

  setHost(data: TypedArray): void {
    this.clear();
    this.#host = data;
  }

  /** Takes over a slab. */
  setSlab(slab: unknown): void {
    this.clear();
    this.#slab = slab;
  }

  /** The elements on the device, brought there when they are first asked for. */
  slab(): unknown {
    if (this.#slab === null) {
      const data = this.#host ?? new Float32Array(this.length);
      // A texture has at least one element.
      this.#slab = this.driver.upload(data.length > 0 ? toFloats(data, this.dtype) : new Float32Array(1));
      // Indices and keys are few, and looked at by the host; large inputs need not be kept twice.
      if (this.dtype === "float32" || this.dtype === "uint8") this.#host = null;
    }
    return this.#slab;
  }

  /** The elements as integers of the host. */
  integers(): TypedArray {
    this.#host ??= this.readSync();
    return this.#host;
  }

  async read(): Promise<TypedArray> {
    if (this.#host !== null || this.#slab === null) return this.#fromHost();
    return this.#fromDevice(await this.driver.read(this.#slab, this.length));
  }

  readSync(): TypedArray {
    if (this.#host !== null || this.#slab === null) return this.#fromHost();
    return this.#fromDevice(this.driver.readSync(this.#slab, this.length));
  }

  #fromHost(): TypedArray {
    return this.#host?.slice() ?? fromFloats(new Float32Array(this.length), this.dtype, this.length);
  }

  #fromDevice(floats: Float32Array): TypedArray {
    const elements = fromFloats(floats, this.dtype, this.length);
    return elements === floats ? floats.slice() : elements;
  }

  clear(): void {
    this.#host = null;
    if (this.#slab !== null) this.driver.release(this.#slab);
    this.#slab = null;
  }
}
