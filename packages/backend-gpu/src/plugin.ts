import { BackendError, type Backend, type BackendPlugin } from "@chainrule/core";
import { GpuBackend } from "./backend.ts";
import type { DriverStatistics, GpuMode } from "./device/driver.ts";
import { library } from "./device/gpujs.ts";
import { ScriptDriver } from "./device/script-driver.ts";
import { browserDevice, enableFloats, openBrowserContext, type GlDevice } from "./device/gl-device.ts";
import { openHeadless } from "./device/headless.ts";
import { ShaderDriver } from "./device/shader-driver.ts";
import { openWebGpu, WebGpuDriver } from "./device/webgpu-driver.ts";

export interface GpuOptions {
  /**
   * The mode of gpu.js that must run, or else the backend is not available. Where none is asked for it is a GPU's:
   * "webgl2". "webasm" and "cpu" run on the processor.
   */
  readonly mode?: GpuMode;
  /** The most bytes of freed textures, or buffers of WebGPU, that are kept for reuse; 256 MiB by default. */
  readonly maxPooledBytes?: number;
}

type SynchronousMode = Exclude<GpuMode, "webgpu">;

const noContext =
  "there is no WebGL2 here, which browsers have; in Node ask for headlessgl, " +
  'or for the processor: createGpu({ mode: "webasm" }) or "cpu"';

const noFloats = "this WebGL context cannot draw into float textures";

/** A context for a mode of WebGL, or the reason why there is none. */
function open(mode: "webgl2" | "headlessgl"): GlDevice | string {
  if (mode === "headlessgl") return openHeadless();
  const gl = openBrowserContext();
  return gl === null ? noContext : browserDevice(gl);
}

/** Why a mode cannot run here; null where it can. */
function reasonAgainst(mode: SynchronousMode): string | null {
  switch (mode) {
    case "cpu":
      return null;
    case "webasm":
      return library.WebAssemblyKernel.isSupported ? null : "WebAssembly is not available here";
    case "webgl2":
    case "headlessgl": {
      const device = open(mode);
      if (typeof device === "string") return device;
      const draws = enableFloats(device);
      device.close();
      return draws ? null : noFloats;
    }
    default:
      return `gpu.js has no mode "${mode as string}"`;
  }
}

function createSynchronous(mode: SynchronousMode, maxPooledBytes: number): GpuPlugin {
  let reason: string | null | undefined;
  return {
    name: "gpu",
    // A context is opened to ask, and browsers allow few.
    unavailable: () => (reason === undefined ? (reason = reasonAgainst(mode)) : reason),
    create() {
      if (mode === "webasm" || mode === "cpu") return new GpuBackend(new ScriptDriver(mode));
      const device = mode === "webgl2" || mode === "headlessgl" ? open(mode) : reasonAgainst(mode)!;
      if (typeof device === "string") throw new BackendError(`gpu: ${device}`);
      return new GpuBackend(new ShaderDriver(device, maxPooledBytes));
    },
  };
}

function createWebGpu(maxPooledBytes: number): WebGpuPlugin {
  return {
    name: "gpu",
    async unavailable() {
      const opened = await openWebGpu();
      if (typeof opened === "string") return opened;
      opened.device.destroy();
      return null;
    },
    async create() {
      const opened = await openWebGpu();
      if (typeof opened === "string") throw new BackendError(`gpu: ${opened}`);
      return new GpuBackend(new WebGpuDriver(opened, maxPooledBytes));
    },
  };
}

/** The plugin of a GPU backend of one's own, for `registerBackend`. WebGPU alone starts by a promise. */
export function createGpu(options: GpuOptions & { readonly mode: "webgpu" }): WebGpuPlugin;
export function createGpu(options?: GpuOptions & { readonly mode?: SynchronousMode }): GpuPlugin;
export function createGpu(options: GpuOptions): GpuPlugin | WebGpuPlugin;
export function createGpu(options: GpuOptions = {}): GpuPlugin | WebGpuPlugin {
  const { mode = "webgl2", maxPooledBytes = 2 ** 28 } = options;
  return mode === "webgpu" ? createWebGpu(maxPooledBytes) : createSynchronous(mode, maxPooledBytes);
}

/** A running GPU backend. */
export interface GpuDevice extends Backend {
  /** The mode of gpu.js, and whether its adapter is software: "webgl2", "webgl2 (software)", "webasm" … */
  readonly mode: string;
  /** The adapter as it names itself. */
  readonly adapter: string;
  readonly statistics: DriverStatistics;
}

/** A plugin whose backend starts at once. */
export interface GpuPlugin extends BackendPlugin {
  unavailable(): string | null;
  create(): GpuDevice;
}

/** A plugin whose backend starts by a promise. */
export interface WebGpuPlugin extends BackendPlugin {
  unavailable(): Promise<string | null>;
  create(): Promise<GpuDevice>;
}

/** The GPU backend, for `registerBackend`. */
export const gpu: GpuPlugin = createGpu();
