import {
  type Backend,
  BackendError,
  type BackendPlugin,
  bytesPerElement,
  checkedIndex,
  dtypes,
  type Dtype,
  hostMath,
  type Kernel,
  OptionError,
  type PlanStep,
  type TypedArray,
} from "@chainrule/core";
import { emitKernel } from "./compile.ts";
import * as control from "./control.ts";
import * as status from "./status.ts";
import { executorModule } from "./executor.ts";
import { Heap } from "./heap.ts";
import { availableThreads, maySleep, startThread, type Thread } from "./pool.ts";
import { instructionSet, reasonSingleThreaded, reasonUnavailable } from "./support.ts";
import type { InstructionSet } from "./target.ts";
import { Views } from "./views.ts";
import { maxPages } from "./wasm/module.ts";

/** A piece of the backend's memory. */
export interface WasmBuffer {
  readonly address: number;
  readonly length: number;
  readonly dtype: Dtype;
}

/** Entries of the executor, written once, and the bindings to buffers that they end with. */
interface Laid {
  readonly entries: number;
  readonly count: number;
  readonly bindings: number;
}

/** Table index, parameter and whether all threads take part, for each call of a function. */
interface Call {
  readonly index: number;
  readonly parameter: number;
  readonly parallel: boolean;
}

/** A compiled kernel: the entries that run it, bound to buffers at each call. */
export interface WasmExecutable extends Laid {
  readonly calls: readonly Call[];
}

/** The WASM backend: its buffers are pieces of one memory. */
export type WasmBackend = Backend<WasmBuffer, WasmExecutable>;

export interface WasmOptions {
  /** Threads that kernels run on; by default as many as there are cores, four at most. */
  readonly threads?: number;
  /** "relaxed" has the fused multiply-add; by default the best that the host takes. */
  readonly instructionSet?: InstructionSet;
  /** The most bytes of memory, 4 GiB at most and by default. */
  readonly maxBytes?: number;
  /** Milliseconds that a thread is waited for before it is given up; 10,000 by default. */
  readonly patience?: number;
}

interface Prepared extends Laid {
  readonly bound: WasmBuffer[];
}

interface Exports {
  readonly execute: (entries: number, count: number, threads: number) => number;
}

const firstPages = 32;

function createMemory(shared: boolean): WebAssembly.Memory {
  if (!shared) return new WebAssembly.Memory({ initial: firstPages });
  // A host may refuse to set so many addresses aside.
  for (let maximum = maxPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: firstPages, maximum, shared });
    } catch (cause) {
      if (maximum <= 4096) throw new BackendError("wasm: the host gives no shared memory", { cause });
    }
  }
}

/** Gives blocks back that belonged to something the collector found. */
const abandoned = new FinalizationRegistry<() => void>((free) => free());

class Wasm implements WasmBackend {
  readonly name = "wasm";
  readonly capabilities = {
    dtypes,
    synchronousReads: true,
    maxOutputs: 1024,
    maxElements: 2 ** 31 - 1,
  } as const;
  readonly #instructions: InstructionSet;
  readonly #memory: WebAssembly.Memory;
  readonly #heap: Heap;
  readonly #views: Views;
  readonly #table: WebAssembly.Table;
  /** What modules may import: float64 functions by name, those of Math among them. */
  readonly #environment: WebAssembly.ModuleImports;
  readonly #executor: WebAssembly.Module;
  readonly #executePlan: Exports["execute"];
  readonly #plans = new WeakMap<readonly PlanStep<WasmBuffer, WasmExecutable>[], Prepared>();
  readonly #shared: boolean;
  readonly #patience: number;
  readonly #maySleep: boolean;
  /** Why there is one thread where more were asked for. */
  #remark: string | null = null;
  #pool: Thread[] = [];
  #threads = 1;
  #functions = 0;
  #registry = { address: 0, capacity: 0 };
  /** Bytes of scratch memory by the place in `control` that says where it is. */
  readonly #scratch = new Map<number, number>();
  /** The most that a kernel needs of it for each thread. */
  #privateBytes = 0;
  #waiting = 0;
  #isDisposed = false;

  constructor(options: WasmOptions, threads: number) {
    this.#instructions = options.instructionSet ?? instructionSet()!;
    this.#patience = options.patience ?? 10_000;
    this.#shared = threads > 1;
    this.#maySleep = this.#shared && maySleep();
    this.#memory = createMemory(this.#shared);
    this.#heap = new Heap(this.#memory, control.end, options.maxBytes);
    this.#views = new Views(this.#memory);
    this.#table = new WebAssembly.Table({ initial: 64, element: "anyfunc" });
    this.#executor = new WebAssembly.Module(executorModule(this.#shared));
    this.#environment = Object.assign(Object.create(Math), hostMath, {
      m: this.#memory,
      t: this.#table,
      wait: (tries: number) => this.#wait(tries),
    });
    this.#executePlan = (this.#instance(this.#executor) as unknown as Exports).execute;
  }

  #instance(module: WebAssembly.Module): WebAssembly.Exports {
    return new WebAssembly.Instance(module, { e: this.#environment }).exports;
  }

  get threads(): number {
    return this.#threads;
  }

  get mode(): string {
    const set = this.#instructions === "relaxed" ? "relaxed SIMD" : "SIMD";
    const threads = `${this.#threads} thread${this.#threads === 1 ? "" : "s"}`;
    return `${set}, ${threads}${this.#remark === null ? "" : ` (${this.#remark})`}`;
  }

  /** Starts the other threads; where that fails, one is what there is, and `mode` says why. */
  async start(threads: number, remark: string | null): Promise<this> {
    this.#remark = remark;
    if (threads === 1) return this;
    const others = Array.from({ length: threads - 1 }, (_, i) =>
      startThread({ memory: this.#memory, executor: this.#executor, thread: i + 1, threads }, () =>
        this.#lose("a worker ended"),
      ),
    );
    const started = await Promise.allSettled(others);
    this.#pool = started.filter((one) => one.status === "fulfilled").map(({ value }) => value);
    const failure = started.find((one) => one.status === "rejected");
    if (failure !== undefined) {
      this.#remark = null;
      this.#lose(`no worker: ${(failure.reason as Error).message}`);
    } else if (this.#remark === remark) {
      this.#threads = threads;
      this.#reserve(0, 0);
    }
    return this;
  }

  /** Goes on with one thread. */
  #lose(reason: string): void {
    if (this.#isDisposed) return;
    this.#threads = 1;
    this.#remark ??= reason;
    this.#stop();
  }

  #stop(): void {
    for (const thread of this.#pool) thread.terminate();
    this.#pool = [];
  }

  /** Asked now and then while the first thread waits for the others: whether to give them up. */
  #wait(tries: number): number {
    const now = performance.now();
    if (tries <= 1 << 15) this.#waiting = now;
    if (this.#maySleep) {
      const words = this.#views.i32;
      const done = Atomics.load(words, control.done / 4);
      Atomics.wait(words, control.done / 4, done, 0.1);
    }
    return now - this.#waiting > this.#patience ? 1 : 0;
  }

  #take(bytes: number): number {
    const address = this.#heap.take(bytes);
    this.#views.refresh();
    return address;
  }

  alloc(length: number, dtype: Dtype): WasmBuffer {
    return { address: this.#take(length * bytesPerElement(dtype)), length, dtype };
  }

  free({ address, length, dtype }: WasmBuffer): void {
    this.#heap.give(address, length * bytesPerElement(dtype));
  }

  view({ address, length, dtype }: WasmBuffer, start: number): WasmBuffer {
    return { address: address + start * bytesPerElement(dtype), length: length - start, dtype };
  }

  write({ address, dtype }: WasmBuffer, data: TypedArray): void {
    this.#views.write(address, data, dtype);
  }

  readSync({ address, length, dtype }: WasmBuffer): TypedArray {
    return this.#views.read(address, length, dtype);
  }

  read(buffer: WasmBuffer): Promise<TypedArray> {
    return Promise.resolve(this.readSync(buffer));
  }

  compile(kernel: Kernel): WasmExecutable {
    const program = emitKernel(kernel, this.#instructions, this.#shared);
    const bytes = program.module.assemble();
    const exports = this.#instance(new WebAssembly.Module(bytes));
    this.#reserve(program.sharedBytes, program.privateBytes);
    const first = this.#functions;
    this.#functions += program.entries.length;
    if (this.#functions > this.#table.length) this.#table.grow(this.#functions);
    program.entries.forEach((_, i) => this.#table.set(first + i, exports[i]));
    const calls = program.phases.map(({ func, parameter, parallel }) => ({
      index: first + program.entries.indexOf(func),
      parameter,
      parallel,
    }));
    const isShared = calls.some(({ parallel }) => parallel);
    const module = isShared ? this.#register(bytes, first, program.entries.length) : null;
    const { size, ...laid } = this.#lay([{ calls, places: kernel.inputs.length + kernel.outputs.length }]);
    const executable: WasmExecutable = { calls, ...laid };
    const count = program.entries.length;
    const moduleSize = bytes.length;
    abandoned.register(executable, () => {
      if (this.#isDisposed) return;
      this.#heap.give(laid.entries, size);
      for (let i = 0; i < count; i++) this.#table.set(first + i, null);
      if (module !== null) this.#heap.give(module, moduleSize);
    });
    return executable;
  }

  /** Puts a module where workers find it. */
  #register(bytes: Uint8Array, first: number, count: number): number {
    const address = this.#take(bytes.length);
    this.#views.write(address, bytes, "uint8");
    if (first + count > this.#registry.capacity) {
      const capacity = 2 * (first + count) + 64;
      const moved = this.#take(capacity * 16);
      const { i32 } = this.#views;
      const old = this.#registry;
      // The old one is not given back: a worker may be reading it.
      i32.copyWithin(moved / 4, old.address / 4, old.address / 4 + old.capacity * 4);
      i32[control.registry / 4] = moved;
      this.#registry = { address: moved, capacity };
    }
    for (let i = 0; i < count; i++) {
      this.#views.i32.set([address, bytes.length, first], this.#registry.address / 4 + (first + i) * 4);
    }
    return address;
  }

  /** Makes scratch memory at least so large. */
  #reserve(shared: number, each: number): void {
    this.#renew(control.sharedScratch, shared);
    const most = Math.max(each, this.#privateBytes);
    if (most === 0) return;
    const size = Math.ceil(most / 4096) * 4096 + 64;
    this.#renew(control.privateScratch, size * this.#threads);
    this.#views.i32[control.privateSize / 4] = size;
    this.#privateBytes = most;
  }

  /** A block of at least `bytes` in the place of the one that `place` points to. */
  #renew(place: number, bytes: number): void {
    const held = this.#scratch.get(place) ?? 0;
    if (bytes <= held) return;
    // Taken before the old one is given back: where memory does not suffice, earlier kernels still have theirs.
    const address = this.#take(bytes);
    const { i32 } = this.#views;
    if (held > 0) this.#heap.give(i32[place / 4]! >>> 0, held);
    i32[place / 4] = address;
    this.#scratch.set(place, bytes);
  }

  /** Writes the entries of what runs in one go, before their bindings; replays only change the latter. */
  #lay(steps: readonly { calls: readonly Call[]; places: number }[]): Laid & { size: number } {
    const count = steps.reduce((sum, { calls }) => sum + calls.length, 0);
    const places = steps.reduce((sum, step) => sum + step.places, 0);
    const size = count * control.entrySize + places * 4;
    const entries = this.#take(size);
    const bindings = entries + count * control.entrySize;
    let entry = entries / 4;
    let binding = bindings;
    for (const step of steps) {
      for (const { index, parameter, parallel } of step.calls) {
        this.#views.i32.set([index, binding, parameter, parallel ? 1 : 0], entry);
        entry += control.entrySize / 4;
      }
      binding += step.places * 4;
    }
    return { entries, count, bindings, size };
  }

  run(executable: WasmExecutable, buffers: readonly WasmBuffer[]): void {
    const { i32 } = this.#views;
    const first = executable.bindings / 4;
    for (let i = 0; i < buffers.length; i++) i32[first + i] = buffers[i]!.address;
    this.#execute(executable);
  }

  runPlan(steps: readonly PlanStep<WasmBuffer, WasmExecutable>[]): void {
    const plan = this.#plans.get(steps) ?? this.#prepare(steps);
    const { bound } = plan;
    const { i32 } = this.#views;
    const first = plan.bindings / 4;
    let at = 0;
    for (const { buffers } of steps) {
      for (let i = 0; i < buffers.length; i++, at++) {
        const buffer = buffers[i]!;
        if (bound[at] === buffer) continue;
        bound[at] = buffer;
        i32[first + at] = buffer.address;
      }
    }
    this.#execute(plan);
  }

  #prepare(steps: readonly PlanStep<WasmBuffer, WasmExecutable>[]): Prepared {
    const { size, ...laid } = this.#lay(
      steps.map(({ executable, buffers }) => ({ calls: executable.calls, places: buffers.length })),
    );
    const plan: Prepared = { ...laid, bound: [] };
    this.#plans.set(steps, plan);
    abandoned.register(steps, () => {
      if (!this.#isDisposed) this.#heap.give(plan.entries, size);
    });
    return plan;
  }

  #execute({ entries, count }: Laid): void {
    const result = this.#executePlan(entries, count, this.#threads);
    if (result === status.ok) return;
    const { i32 } = this.#views;
    if (result === status.indexOutOfRange)
      checkedIndex(i32[control.faultIndex / 4]!, i32[control.faultSize / 4]!);
    this.#lose("a worker was lost");
    throw new BackendError(
      `wasm: a worker thread did not finish its share of a kernel, so that what this step computed is not valid; ` +
        `work goes on with one thread`,
    );
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stop();
  }
}

/** A WASM backend of one's own kind, for `registerBackend`: each that it creates has a memory of its own. */
export function createWasm(options: WasmOptions = {}): BackendPlugin {
  const { threads: wanted } = options;
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= 64)) {
    throw new OptionError(`createWasm: threads is a whole number from 1 to 64, not ${wanted}`);
  }
  return {
    name: "wasm",
    unavailable: () => {
      const reason = reasonUnavailable();
      if (reason !== null || options.instructionSet !== "relaxed" || instructionSet() === "relaxed")
        return reason;
      return "this host's WebAssembly has no relaxed SIMD";
    },
    create: () => {
      const reason = reasonSingleThreaded();
      const threads = reason === null ? (wanted ?? Math.min(availableThreads(), 4)) : 1;
      const backend = new Wasm(options, threads);
      return backend.start(threads, wanted === 1 ? null : reason);
    },
  };
}

/** The WASM backend, for `registerBackend`. */
export const wasm: BackendPlugin = createWasm();
