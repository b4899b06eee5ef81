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
}

/** A kernel of gpu.js behind the function that `createKernel` gives. */
export interface RawKernel {
  texture: unknown;
  _textureSwitched: boolean;
  readonly fallbackReason?: string;
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

interface KernelClass {
  readonly isSupported: boolean;
}

interface GpuJs {
  readonly GPU: new (settings: { mode?: string; context?: unknown; canvas?: unknown }) => Gpu;
  readonly WebGL2Kernel: KernelClass;
  readonly HeadlessGLKernel: KernelClass;
  readonly WebAssemblyKernel: KernelClass;
  readonly CPUKernel: KernelClass;
}

/** A kernel that lives as long as whoever holds it. */
export function createKernel(gpu: Gpu, source: string, settings: KernelSettings): Shortcut {
  const kernel = gpu.createKernel(source, settings);
  gpu.kernels.length = 0;
  return kernel;
}

export const library: GpuJs = gpujs as unknown as GpuJs;
