import { BackendError } from "@chainrule/core";
import type { Program } from "../render/program.ts";
import { computeTarget, mostElements, type Target } from "../render/target.ts";
import type { Driver, DriverStatistics, Runner } from "./driver.ts";
import { BufferPool, type DeviceBuffer } from "./webgpu-buffers.ts";
import { bufferUsage, readMode } from "./webgpu-flags.ts";
import { WebGpuKernel } from "./webgpu-kernel.ts";

/** An open device, and what it calls itself. */
export interface WebGpuDevice {
  readonly device: GPUDevice;
  readonly adapter: string;
}

/** Opens a device with all that its adapter offers; the reason where there is none. */
export async function openWebGpu(): Promise<WebGpuDevice | string> {
  const { gpu } = globalThis.navigator ?? {};
  if (gpu === undefined) {
    return "there is no WebGPU here, which browsers have on pages from https and from localhost; use webgl2";
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null) return "this browser has WebGPU, but no adapter for it; use webgl2";
    const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredLimits: { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage },
    });
    const { vendor, architecture, description } = adapter.info;
    return { device, adapter: description || `${vendor} ${architecture}` };
  } catch (error) {
    return `this browser opens no WebGPU device (${(error as Error).message}); use webgl2`;
  }
}

/** Kernels that are sent to the device together, at most. */
const maxPending = 256;

/** WebGPU: kernels are compute shaders, slabs are storage buffers, and only asynchronous reads exist. */
export class WebGpuDriver implements Driver<DeviceBuffer> {
  readonly mode = "webgpu";
  readonly synchronousReads = false;
  readonly adapter: string;
  readonly target: Target;
  readonly maxElements: number;
  readonly #maxFreeBytes: number;
  #device: GPUDevice;
  #pool: BufferPool;
  #isLost = false;
  #isDisposed = false;
  #compiled = 0;
  #bytesRead = 0;
  /** What is encoded and not yet sent. */
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #pending = 0;
  /** Answers of the device on what it was given, and the first that was an error. */
  readonly #checks = new Set<Promise<void>>();
  #failure: string | null = null;

  constructor({ device, adapter }: WebGpuDevice, maxFreeBytes: number) {
    this.adapter = adapter;
    this.#maxFreeBytes = maxFreeBytes;
    const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    // One of the buffers is the output.
    this.target = computeTarget(maxStorageBuffersPerShaderStage - 1);
    this.maxElements = Math.min(
      mostElements,
      Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4),
    );
    this.#device = device;
    this.#pool = this.#poolOn(device);
    void this.#watch(device);
  }

  /** A device that is lost does not come back; another is asked for, and kernels are compiled again when they next run. */
  async #watch(device: GPUDevice): Promise<void> {
    await device.lost;
    if (this.#isDisposed) return;
    this.#isLost = true;
    this.#discard();
    const opened = await openWebGpu();
    if (typeof opened === "string") return;
    if (this.#isDisposed) return opened.device.destroy();
    this.#device = opened.device;
    this.#pool = this.#poolOn(opened.device);
    this.#failure = null;
    this.#isLost = false;
    return this.#watch(opened.device);
  }

  #poolOn(device: GPUDevice): BufferPool {
    return new BufferPool(device, this.#maxFreeBytes, () => this.#flush());
  }

  get statistics(): DriverStatistics {
    return { compiled: this.#compiled, textures: this.#pool.count, bytesRead: this.#bytesRead };
  }

  #checkDevice(...buffers: readonly DeviceBuffer[]): void {
    if (this.#isLost || buffers.some(({ pool }) => pool !== this.#pool)) {
      throw new BackendError(
        "the GPU's context was lost (the driver was reset, or the page let it go), and with it all that was there; " +
          "once another has been opened, which is tried at once, load the last checkpoint and go on",
      );
    }
    if (this.#failure !== null) {
      throw new BackendError(
        `the GPU refused its work: ${this.#failure}; what it holds is no longer what it should be: ` +
          "load the last checkpoint on another backend",
      );
    }
  }

  /** Runs `body` and remembers what the device finds wrong with it, which it says later. */
  #checked<T>(body: () => T): T {
    const device = this.#device;
    for (const filter of ["validation", "out-of-memory"] as const) device.pushErrorScope(filter);
    try {
      return body();
    } finally {
      for (let scope = 0; scope < 2; scope++) {
        const check = this.#hear(device, device.popErrorScope()).finally(() => this.#checks.delete(check));
        this.#checks.add(check);
      }
    }
  }

  async #hear(device: GPUDevice, answer: Promise<GPUError | null>): Promise<void> {
    // Of a lost device nothing is known any more, and that is told elsewhere.
    const error = await answer.catch(() => null);
    if (error !== null && device === this.#device) this.#failure ??= error.message;
  }

  /** Answers on memory take a round trip, which only large buffers are worth. */
  #take(length: number): DeviceBuffer {
    const take = (): DeviceBuffer => this.#pool.take(length);
    return 4 * length < 2 ** 24 ? take() : this.#checked(take);
  }

  #flush(): void {
    if (this.#encoder === null) return;
    const encoder = this.#encoder;
    this.#pass?.end();
    this.#discard();
    this.#checked(() => this.#device.queue.submit([encoder.finish()]));
  }

  #discard(): void {
    this.#encoder = null;
    this.#pass = null;
    this.#pending = 0;
  }

  /** The pass that kernels are added to: it is sent when it is full, when somebody reads, or when this turn ends. */
  #openPass(): GPUComputePassEncoder {
    if (this.#pass === null) {
      this.#encoder = this.#device.createCommandEncoder();
      this.#pass = this.#encoder.beginComputePass();
      queueMicrotask(() => this.#flush());
    }
    return this.#pass;
  }

  upload(data: Float32Array): DeviceBuffer {
    this.#checkDevice();
    // The buffer may be one that what is pending still reads.
    this.#flush();
    const taken = this.#take(data.length);
    this.#device.queue.writeBuffer(taken.buffer, 0, data);
    return taken;
  }

  release(freed: DeviceBuffer): void {
    if (freed.pool === this.#pool) this.#pool.give(freed);
  }

  async read(source: DeviceBuffer, length: number): Promise<Float32Array> {
    this.#checkDevice(source);
    this.#flush();
    const device = this.#device;
    const size = 4 * length;
    const staging = device.createBuffer({
      size: Math.max(4, size),
      usage: bufferUsage.mapRead | bufferUsage.copyTarget,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source.buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(readMode);
      await Promise.all(this.#checks);
      this.#checkDevice(source);
      this.#bytesRead += size;
      return new Float32Array(staging.getMappedRange().slice(0), 0, length);
    } catch (error) {
      // A map that fails is the loss of its device, which is told in a turn of its own.
      if (!(error instanceof BackendError)) await device.lost;
      this.#checkDevice(source);
      throw error;
    } finally {
      staging.destroy();
    }
  }

  readSync(): never {
    throw new BackendError(
      'WebGPU cannot be read synchronously, and something that the host needs is only there; use "await t.data()"',
    );
  }

  compile(program: Program): Runner<DeviceBuffer> {
    let kernel: WebGpuKernel | undefined;
    let compiledOn = this.#device;
    const run = (inputs: readonly DeviceBuffer[]): DeviceBuffer => {
      this.#checkDevice(...inputs);
      if (kernel === undefined || compiledOn !== this.#device) {
        compiledOn = this.#device;
        this.#compiled++;
        kernel = this.#checked(() => new WebGpuKernel(compiledOn, program));
      }
      const output = this.#take(program.length);
      kernel.encode(this.#openPass(), [...inputs, output]);
      if (++this.#pending >= maxPending) this.#flush();
      return output;
    };
    return { run };
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#discard();
    this.#pool.clear();
    this.#device.destroy();
  }
}
