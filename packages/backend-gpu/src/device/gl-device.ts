import { library, type KernelClass, type KernelFeatures } from "./gpujs.ts";

/** A WebGL context to compute in. */
export interface GlDevice {
  readonly mode: "webgl2" | "headlessgl";
  /** Where the version is 1, only what WebGL1 has may be used. */
  readonly gl: WebGL2RenderingContext;
  readonly version: 1 | 2;
  /** Whether reads can pass through a buffer that the GPU fills by and by. */
  readonly asynchronousReads: boolean;
  /** The adapter as it names itself. */
  readonly adapter: string;
  /** Gives the context back. */
  close(): void;
}

/** Opens a WebGL2 context of its own in a browser; null where there is none. */
export function openBrowserContext(): WebGL2RenderingContext | null {
  const settings = {
    alpha: false,
    depth: false,
    antialias: false,
    powerPreference: "high-performance",
  } as const;
  let canvas: OffscreenCanvas | HTMLCanvasElement;
  if (typeof OffscreenCanvas !== "undefined") canvas = new OffscreenCanvas(1, 1);
  else if (typeof document !== "undefined") canvas = document.createElement("canvas");
  else return null;
  const context: unknown = canvas.getContext("webgl2", settings);
  return context as WebGL2RenderingContext | null;
}

/** A context of a browser as a device. */
export function browserDevice(gl: WebGL2RenderingContext): GlDevice {
  const named = gl.getExtension("WEBGL_debug_renderer_info");
  return {
    mode: "webgl2",
    gl,
    version: 2,
    asynchronousReads: true,
    adapter: String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER)),
    close: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}

/** Turns the extensions on without which there are no float textures to draw into; whether they are there. */
export function enableFloats({ gl, version }: GlDevice): boolean {
  if (version === 2) return gl.getExtension("EXT_color_buffer_float") !== null;
  return gl.getExtension("OES_texture_float") !== null;
}

/** The kernels of gpu.js for a device. gpu.js itself would ask a context of its own what is known of this one. */
export function kernelClass({ gl, version }: GlDevice): KernelClass {
  const features: KernelFeatures = {
    isFloatRead: true,
    isTextureFloat: true,
    isIntegerDivisionAccurate: true,
    isSpeedTacticSupported: false,
    isDrawBuffers: false,
    kernelMap: false,
    channelCount: 1,
    maxTextureSize: Number(gl.getParameter(gl.MAX_TEXTURE_SIZE)),
  };
  return class extends (version === 2 ? library.WebGL2Kernel : library.WebGLKernel) {
    static override get features(): KernelFeatures {
      return features;
    }
  };
}
