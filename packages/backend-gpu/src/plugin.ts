import { BackendError, type Backend, type BackendPlugin } from "@chainrule/core";
import { GpuBackend } from "./backend.ts";
import type { DriverStatistics, GpuMode } from "./device/driver.ts";
import { library } from "./device/gpujs.ts";
import { ScriptDriver } from "./device/script-driver.ts";
import { openContext, ShaderDriver } from "./device/shader-driver.ts";

export interface GpuOptions {
  /**
   * The mode of gpu.js that must run, or else the backend is not available. Where none is asked for it is a GPU's:
   * "webgl2". "webasm" and "cpu" run on the processor.
   */
  readonly mode?: GpuMode;
  /** The most bytes of freed textures that are kept for reuse; 256 MiB by default. */
  readonly maxPooledBytes?: number;
}

const noContext =
  "there is no WebGL2 here, which browsers have; Node has none. " +
  'To run gpu.js on the processor ask for it: createGpu({ mode: "webasm" }) or "cpu"';

const unsupported: Readonly<Partial<Record<GpuMode, string>>> = {
  webgpu:
    "gpu.js runs WebGPU kernels only asynchronously, one by one, which this backend does not do; use webgl2",
  headlessgl: "this backend needs WebGL2, and headlessgl is WebGL1; use webgl2 in a browser, or webasm",
};

/** Why a mode cannot run here; null where it can. */
function reasonAgainst(mode: GpuMode): string | null {
  switch (mode) {
    case "cpu":
      return null;
    case "webasm":
      return library.WebAssemblyKernel.isSupported ? null : "WebAssembly is not available here";
    case "webgl2": {
      const gl = openContext();
      if (!gl) return noContext;
      const draws = gl.getExtension("EXT_color_buffer_float") !== null;
      gl.getExtension("WEBGL_lose_context")?.loseContext();
      return draws ? null : "this WebGL2 context cannot draw into float textures";
    }
    default:
      return unsupported[mode] ?? `gpu.js has no mode "${mode}"`;
  }
}

/** The plugin of a GPU backend of one's own, for `registerBackend`. */
export function createGpu(options: GpuOptions = {}): GpuPlugin {
  const { mode = "webgl2", maxPooledBytes = 2 ** 28 } = options;
  let reason: string | null | undefined;
  return {
    name: "gpu",
    // A context is opened to ask, and browsers allow few.
    unavailable: () => (reason === undefined ? (reason = reasonAgainst(mode)) : reason),
    create() {
      if (mode === "webasm" || mode === "cpu") return new GpuBackend(new ScriptDriver(mode));
      const gl = mode === "webgl2" ? openContext() : null;
      if (!gl) throw new BackendError(`gpu: ${unsupported[mode] ?? noContext}`);
      return new GpuBackend(new ShaderDriver(gl, maxPooledBytes));
    },
  };
}

/** A running GPU backend. */
export interface GpuDevice extends Backend {
  /** The mode of gpu.js, and whether its adapter is software: "webgl2", "webgl2 (software)", "webasm" or "cpu". */
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

/** The GPU backend, for `registerBackend`. */
export const gpu: GpuPlugin = createGpu();
