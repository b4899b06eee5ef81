import type { Dtype, TypedArray } from "../dtype.ts";
import type { Kernel } from "./kernel.ts";

/** What a backend can do; the engine plans within it. */
export interface Capabilities {
  /** Dtypes of buffers; others are refused with a DtypeError. */
  readonly dtypes: readonly Dtype[];
  /** Whether `readSync` exists. */
  readonly synchronousReads: boolean;
  /**
   * Whether `run` returns long before its work is done, so that a read waits for all of it: callers then read as seldom
   * as they can. Not where it is not given.
   */
  readonly runsAhead?: boolean;
  /** The most buffers that one kernel may write. */
  readonly maxOutputs: number;
  /** The most elements in one buffer. */
  readonly maxElements: number;
}

/** One bound kernel of a plan: inputs first, then outputs. */
export interface PlanStep<Buffer, Executable> {
  readonly executable: Executable;
  readonly buffers: readonly Buffer[];
}

/**
 * A place where kernels run. Work is done in the order it is given; `run` may return before it is done, `read`
 * answers after it. `Buffer` and `Executable` are the backend's own and opaque to the engine.
 */
export interface Backend<Buffer = unknown, Executable = unknown> {
  readonly name: string;
  /** What really runs, for example "codegen", "simd, 2 threads" or "webgl2": shown to users, never a promise. */
  readonly mode: string;
  readonly threads: number;
  readonly capabilities: Capabilities;
  /** A buffer of `length` elements (≥ 0) with unspecified contents. Throws BackendError when memory runs out. */
  alloc(length: number, dtype: Dtype): Buffer;
  free(buffer: Buffer): void;
  /** Copies host elements in; `data` has the buffer's dtype and length. */
  write(buffer: Buffer, data: TypedArray): void;
  /** A host copy of the elements. */
  read(buffer: Buffer): Promise<TypedArray>;
  readSync?(buffer: Buffer): TypedArray;
  /**
   * The elements from `start` on as a buffer that shares them; never freed. With it plans read and write stretches of
   * buffers, and kernels are given `targets`; without it they are not.
   */
  view?(buffer: Buffer, start: number): Buffer;
  /** Prepares a kernel; the engine caches the result by `kernel.key`. */
  compile(kernel: Kernel): Executable;
  /** Runs one kernel. Throws IndexError on an index out of range where the backend can see it. */
  run(executable: Executable, buffers: readonly Buffer[]): void;
  /** Runs a whole captured plan at once; without it the engine calls `run` for each step. */
  runPlan?(steps: readonly PlanStep<Buffer, Executable>[]): void;
  dispose(): void;
}

/** A backend as it is registered: it costs nothing until it is first used. */
export interface BackendPlugin {
  readonly name: string;
  /** Null where the backend can run, else the reason why it cannot, in words for the user. */
  unavailable?(): string | null | Promise<string | null>;
  create(): Backend | Promise<Backend>;
}
