import gpujs from "gpu.js/src/index.js";
import type { ScriptFunction } from "../render/script-helpers.ts";
import type { NativeFunction } from "../render/shader-helpers.ts";

/** What of gpu.js is used, typed as it is used. */
export interface KernelSettings {
  readonly output: readonly number[];
  readonly constants: Readonly<Record<string, number>>;
  readonly constantTypes: Readonly<Record<string, string>>;
  readonly precision: "single";
  readonly tactic: "precision";
  readonly pipeline?: boolean;
  readonly immutable?: boolean;
  readonly loopMaxIterations: number;
  readonly fixIntegerDivisionAccuracy?: boolean;
  readonly argumentTypes?: readonly string[];
  readonly returnType: "Float";
  readonly functions?: readonly ScriptFunction[];
  readonly nativeFunctions?: readonly NativeFunction[];
  readonly injectedNative?: string;
  readonly texture?: unknown;
  readonly context?: unknown;
  readonly canvas?: unknown;
  readonly validate?: boolean;
}

/** A kernel of gpu.js behind the function that `createKernel` gives. */
export interface RawKernel {
  texture: unknown;
  _textureSwitched: boolean;
  readonly fallbackReason?: string;
  /** The text that a kernel of WebGPU becomes. */
  readonly compiledSource?: string;
  build(...args: readonly unknown[]): void;
  run(...args: readonly unknown[]): unknown;
  destroy(removeCanvas: boolean): void;
}

export interface Shortcut {
  (...args: readonly unknown[]): unknown;
  readonly kernel: RawKernel;
}

export interface Gpu {
  readonly Kernel: unknown;
  /** All that it made and was not destroyed, which keeps what nobody else uses. */
  readonly kernels: unknown[];
  createKernel(source: string, settings: KernelSettings): Shortcut;
  destroy(): Promise<void>;
}

/** What gpu.js asks of a context before it writes shaders for it. */
export interface KernelFeatures {
  readonly isFloatRead: boolean;
  readonly isTextureFloat: boolean;
  readonly isIntegerDivisionAccurate: boolean;
  readonly isSpeedTacticSupported: boolean;
  readonly isDrawBuffers: boolean;
  readonly kernelMap: boolean;
  readonly channelCount: number;
  readonly maxTextureSize: number;
}

export interface KernelClass {
  readonly isSupported: boolean;
  readonly features: KernelFeatures;
  new (source: string, settings: KernelSettings): RawKernel;
}

interface GpuJs {
  readonly GPU: new (settings: { mode?: string; context?: unknown; canvas?: unknown }) => Gpu;
  readonly WebGLKernel: KernelClass;
  readonly WebGL2Kernel: KernelClass;
  readonly WebGPUKernel: KernelClass;
  readonly WebAssemblyKernel: KernelClass;
  readonly CPUKernel: KernelClass;
}

export const library: GpuJs = gpujs as unknown as GpuJs;
