import type { Program } from "../render/program.ts";
import type { Target } from "../render/target.ts";

/** Ways in which gpu.js runs kernels. */
export type GpuMode = "webgl2" | "headlessgl" | "webgpu" | "webasm" | "cpu";

/** A program made ready: gives its output, which then belongs to the caller. */
export interface Runner<Slab> {
  run(inputs: readonly Slab[]): Slab;
}

/** What a driver has made and holds now. */
export interface DriverStatistics {
  /** Kernels compiled since the start. */
  readonly compiled: number;
  /** Textures, or buffers of WebGPU, in use and kept for reuse; arrays are the collector's and not counted. */
  readonly textures: number;
  /** Bytes read back since the start. */
  readonly bytesRead: number;
}

/** Runs programs in one mode of gpu.js. A slab is where it keeps float32 elements. */
export interface Driver<Slab = unknown> {
  readonly mode: GpuMode;
  /** The adapter as it names itself. */
  readonly adapter: string;
  readonly target: Target;
  readonly maxElements: number;
  readonly synchronousReads: boolean;
  readonly statistics: DriverStatistics;
  upload(data: Float32Array): Slab;
  release(slab: Slab): void;
  /** At least the first `length` elements. */
  read(slab: Slab, length: number): Promise<Float32Array>;
  readSync(slab: Slab, length: number): Float32Array;
  compile(program: Program): Runner<Slab>;
  dispose(): void;
}
