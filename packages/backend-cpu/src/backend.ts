import {
  dtypes,
  type Backend,
  type BackendPlugin,
  type Dtype,
  type Kernel,
  type TypedArray,
} from "@chainrule/core";
import { closureKind } from "./closures.ts";
import { compileDot } from "./dot.ts";
import type { EmitterKind } from "./emitter.ts";
import { gathered, lowerMap, lowerScatterAdd } from "./map.ts";
import { Pool } from "./pool.ts";
import { lowerReduce } from "./reduce.ts";
import { Scratch } from "./scratch.ts";
import { canCompileText, textKind } from "./text.ts";

/** A compiled kernel: call it with its inputs, then its outputs. */
export type CpuExecutable = (buffers: readonly TypedArray[]) => void;

/** The CPU backend: its buffers are typed arrays. */
export type CpuBackend = Backend<TypedArray, CpuExecutable>;

export interface CpuOptions {
  /** Whether kernels may be generated as JavaScript text; by default where the environment permits it. */
  readonly codegen?: boolean;
  /** The most bytes of freed buffers that are kept for reuse; 256 MiB by default. */
  readonly maxPooledBytes?: number;
}

class Cpu implements CpuBackend {
  readonly name = "cpu";
  readonly mode: string;
  readonly threads = 1;
  readonly capabilities = {
    dtypes,
    synchronousReads: true,
    maxOutputs: 1024,
    maxElements: 2 ** 31 - 1,
  } as const;
  readonly #kind: EmitterKind;
  readonly #pool: Pool;
  readonly #scratch = new Scratch();

  constructor({ codegen = true, maxPooledBytes = 2 ** 28 }: CpuOptions) {
    this.#kind = codegen && canCompileText() ? textKind : closureKind;
    this.mode = this.#kind.mode;
    this.#pool = new Pool(maxPooledBytes);
  }

  alloc(length: number, dtype: Dtype): TypedArray {
    return this.#pool.take(length, dtype);
  }

  free(buffer: TypedArray): void {
    this.#pool.give(buffer);
  }

  view(buffer: TypedArray, start: number): TypedArray {
    return buffer.subarray(start);
  }

  write(buffer: TypedArray, data: TypedArray): void {
    buffer.set(data);
  }

  read(buffer: TypedArray): Promise<TypedArray> {
    return Promise.resolve(buffer.slice());
  }

  readSync(buffer: TypedArray): TypedArray {
    return buffer.slice();
  }

  compile(kernel: Kernel): CpuExecutable {
    const bound = kernel.inputs.length + kernel.outputs.length;
    const kind = this.#kind;
    switch (kernel.kind) {
      case "dot":
        return compileDot(kernel, kind, this.#scratch);
      case "map":
        return kind.lower((emitter) => lowerMap(emitter, kernel), bound);
      case "gather":
        return kind.lower((emitter) => lowerMap(emitter, kernel, gathered(kernel)), bound);
      case "reduce":
        return kind.lower((emitter) => lowerReduce(emitter, kernel), bound, this.#scratch.rows);
      case "scatterAdd":
        return kind.lower((emitter) => lowerScatterAdd(emitter, kernel), bound);
    }
  }

  run(executable: CpuExecutable, buffers: readonly TypedArray[]): void {
    executable(buffers);
  }

  dispose(): void {
    this.#pool.clear();
  }
}

/** A CPU backend of one's own: its pool and its kernels are shared with no other. */
export const createCpu = (options: CpuOptions = {}): CpuBackend => new Cpu(options);

/** The CPU backend, for `registerBackend`. */
export const cpu: BackendPlugin = { name: "cpu", create: () => createCpu() };
