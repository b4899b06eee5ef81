import type { Kernel } from "@chainrule/core";
import * as control from "./control.ts";
import * as status from "./status.ts";
import type { Share } from "./loops.ts";
import type { InstructionSet, Target } from "./target.ts";
import { vectors } from "./vectors.ts";
import { Func, type Local } from "./wasm/function.ts";
import { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** One call of a kernel's function: by all threads, each doing its share, or by one. */
export interface Phase {
  readonly func: Func;
  readonly parameter: number;
  readonly parallel: boolean;
}

/** Work below this many element operations, some tens of microseconds, is not worth waking others for. */
const worthSharing = 400_000;

/** Claimed pieces are counted past the last one, which must not pass 2³¹. */
const maxShared = 2 ** 29;

/** A kernel as it is being emitted: its module, what to call in what order, and the scratch memory it needs. */
export class Program {
  readonly kernel: Kernel;
  readonly module: ModuleWriter;
  readonly instructions: InstructionSet;
  readonly phases: Phase[] = [];
  /** What phases call, exported by number. */
  readonly entries: Func[] = [];
  /** Whether several threads may run it. */
  readonly threaded: boolean;
  sharedBytes = 0;
  privateBytes = 0;

  constructor(kernel: Kernel, instructions: InstructionSet, threaded: boolean) {
    this.kernel = kernel;
    this.instructions = instructions;
    this.threaded = threaded;
    this.module = new ModuleWriter({ shared: threaded });
  }

  target(f: Func): Target {
    return { f, module: this.module, ...vectors(f, this.instructions === "relaxed") };
  }

  /** A function that phases call: (bindings, thread, threads, parameter) → status. */
  entry(body: (entry: Entry) => void): Func {
    const f = new Func([i32, i32, i32, i32], i32);
    const [bindings, thread, threads, parameter] = f.args;
    const buffers = [...this.kernel.inputs, ...this.kernel.outputs].map((_, i) =>
      f.load(op.load, bindings, i * 4),
    );
    body({ f, target: this.target(f), buffers, thread, threads, parameter });
    f.push(status.ok);
    this.module.export(`${this.entries.push(f) - 1}`, f);
    return f;
  }

  /** Whether so much work, cut along `size` indices, is worth several threads. */
  isWorthSharing(work: number, size: number): boolean {
    return this.threaded && work >= worthSharing && size > 1 && size <= maxShared;
  }

  /** Adds the only phase of a kernel. */
  single(parallel: boolean, body: (entry: Entry) => void): void {
    // Functions of the host are there for the first thread only.
    const func = this.entry(body);
    this.phases.push({ func, parameter: 0, parallel: parallel && !this.module.hasHostFunctions });
  }
}

/** What the body of an entry function works with. */
export interface Entry {
  readonly f: Func;
  readonly target: Target;
  /** Addresses of the bound buffers: inputs, then outputs. */
  readonly buffers: readonly Local[];
  readonly thread: Local;
  readonly threads: Local;
  readonly parameter: Local;
}

/** Pieces that work is cut into: enough for threads to end together, few enough to claim. */
const maxPieces = 32;

/**
 * `body` for pieces of `size` indices, in whole units but for the last, as long as other threads leave any: whoever
 * comes late finds less to do, and nobody waits for a thread that the system does not let run. What is computed for
 * an index does not depend on the piece that it is in.
 */
export function inShares(
  { f, threads }: Entry,
  size: number,
  unit: number,
  shared: boolean,
  body: (share: Share) => void,
): void {
  if (!shared) return body({ low: 0, high: size });
  const piece = Math.ceil(Math.ceil(size / unit) / maxPieces) * unit;
  const low = f.local(i32);
  const high = f.local(i32);
  f.raw(op.loop, 0x40);
  f.set(low, 0);
  f.set(high, size);
  f.push(threads, 1);
  f.raw(op.gtS);
  f.when(() => {
    f.push(0, 1);
    f.memory(op.atomicAdd, control.next);
    f.push(piece);
    f.raw(op.mul);
    f.set(low);
    f.set(high, f.min(f.i(op.add, low, piece), size));
  });
  f.push(low, size);
  f.raw(op.ltS);
  f.when(() => {
    f.scope(() => body({ low, high }));
    f.push(threads, 1);
    f.raw(op.gtS);
    f.raw(op.brIf, 1);
  });
  f.raw(op.end);
}

/** Leaves the function after noting an index that is not in [0, size). */
export function faultUnless(f: Func, index: Local, size: number): void {
  f.push(index, size);
  f.raw(op.geU);
  f.when(() => {
    f.store(op.store, 0, index, control.faultIndex);
    f.store(op.store, 0, size, control.faultSize);
    f.return(status.indexOutOfRange);
  });
}
