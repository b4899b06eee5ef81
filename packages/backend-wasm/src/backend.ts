import {
  type Backend,
  BackendError,
  type BackendPlugin,
  bytesPerElement,
  dtypes,
  type Dtype,
  IndexError,
  type Kernel,
  OptionError,
  type PlanStep,
  type TypedArray,
} from "@chainrule/core";
import { emitKernel } from "./compile.ts";
import { control, entrySize, status } from "./control.ts";
import { executorModule } from "./executor.ts";
import { Heap } from "./heap.ts";
import { hostFunctions } from "./host-functions.ts";
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

/** A compiled kernel: the entries that run it, bound to buffers at each call. */
export interface WasmExecutable {
  /** Table index, parameter and whether all threads take part, for each call of a function. */
  readonly phases: readonly {
    readonly index: number;
    readonly parameter: number;
    readonly parallel: boolean;
  }[];
  readonly entries: number;
  readonly bindings: number;
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

interface Prepared {
  readonly entries: number;
  readonly count: number;
  readonly bindings: number;
  readonly bound: (WasmBuffer | null)[];
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
  readonly #executor: WebAssembly.Module;
  readonly #execute: Exports["execute"];
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
  #scratch = { shared: 0, each: 0, threads: 1 };
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
    const e = { m: this.#memory, t: this.#table, wait: (tries: number) => this.#wait(tries) };
    this.#execute = (new WebAssembly.Instance(this.#executor, { e }).exports as unknown as Exports).execute;
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

  write(buffer: WasmBuffer, data: TypedArray): void {
    this.#views.write(buffer.address, data);
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
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      e: { m: this.#memory, ...hostFunctions },
    });
    this.#reserve(program.sharedBytes, program.privateBytes);
    const first = this.#functions;
    this.#functions += program.entries.length;
    if (this.#functions > this.#table.length) this.#table.grow(this.#functions);
    program.entries.forEach((_, i) => this.#table.set(first + i, instance.exports[i]));
    const phases = program.phases.map(({ func, parameter, parallel }) => ({
      index: first + program.entries.indexOf(func),
      parameter,
      parallel,
    }));
    const isShared = phases.some(({ parallel }) => parallel);
    const module = isShared ? this.#register(bytes, first, program.entries.length) : null;
    const bound = kernel.inputs.length + kernel.outputs.length;
    const size = phases.length * entrySize + bound * 4;
    const entries = this.#take(size);
    const executable: WasmExecutable = { phases, entries, bindings: entries + phases.length * entrySize };
    this.#writeEntries(entries, executable, executable.bindings);
    const count = program.entries.length;
    const moduleSize = bytes.length;
    abandoned.register(executable, () => {
      if (this.#isDisposed) return;
      this.#heap.give(entries, size);
      for (let i = 0; i < count; i++) this.#table.set(first + i, null);
      if (module !== null) this.#heap.give(module, moduleSize);
    });
    return executable;
  }

  /** Puts a module where workers find it. */
  #register(bytes: Uint8Array, first: number, count: number): number {
    const address = this.#take(bytes.length);
    this.#views.write(address, bytes);
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
    const scratch = this.#scratch;
    const { i32 } = this.#views;
    if (shared > scratch.shared) {
      if (scratch.shared > 0) this.#heap.give(i32[control.sharedScratch / 4]! >>> 0, scratch.shared);
      scratch.shared = 0;
      const address = this.#take(shared);
      this.#views.i32[control.sharedScratch / 4] = address;
      scratch.shared = shared;
    }
    const largest = Math.max(each, scratch.each);
    if (each > scratch.each || this.#threads > scratch.threads) {
      const size = Math.ceil(largest / 4096) * 4096 + 64;
      if (scratch.each > 0) {
        const old = Math.ceil(scratch.each / 4096) * 4096 + 64;
        this.#heap.give(this.#views.i32[control.privateScratch / 4]! >>> 0, old * scratch.threads);
      }
      scratch.each = 0;
      const address = this.#take(size * this.#threads);
      this.#views.i32[control.privateScratch / 4] = address;
      this.#views.i32[control.privateSize / 4] = size;
      scratch.each = largest;
      scratch.threads = this.#threads;
    }
  }

  #writeEntries(at: number, { phases }: WasmExecutable, bindings: number): void {
    phases.forEach(({ index, parameter, parallel }, i) => {
      this.#views.i32.set([index, bindings, parameter, parallel ? 1 : 0], (at + i * entrySize) / 4);
    });
  }

  run(executable: WasmExecutable, buffers: readonly WasmBuffer[]): void {
    const { i32 } = this.#views;
    const first = executable.bindings / 4;
    for (let i = 0; i < buffers.length; i++) i32[first + i] = buffers[i]!.address;
    this.#finish(this.#execute(executable.entries, executable.phases.length, this.#threads));
  }

  runPlan(steps: readonly PlanStep<WasmBuffer, WasmExecutable>[]): void {
    const plan = this.#plans.get(steps) ?? this.#prepare(steps);
    const { bound, bindings } = plan;
    const { i32 } = this.#views;
    let at = 0;
    for (const { buffers } of steps) {
      for (let i = 0; i < buffers.length; i++, at++) {
        const buffer = buffers[i]!;
        if (bound[at] === buffer) continue;
        bound[at] = buffer;
        i32[bindings / 4 + at] = buffer.address;
      }
    }
    this.#finish(this.#execute(plan.entries, plan.count, this.#threads));
  }

  /** The entries of a plan, written once; replays only change what buffers they are bound to. */
  #prepare(steps: readonly PlanStep<WasmBuffer, WasmExecutable>[]): Prepared {
    const count = steps.reduce((sum, { executable }) => sum + executable.phases.length, 0);
    const places = steps.reduce((sum, { buffers }) => sum + buffers.length, 0);
    const size = count * entrySize + places * 4;
    const entries = this.#take(size);
    const bindings = entries + count * entrySize;
    let entry = entries;
    let binding = bindings;
    for (const { executable, buffers } of steps) {
      this.#writeEntries(entry, executable, binding);
      entry += executable.phases.length * entrySize;
      binding += buffers.length * 4;
    }
    const plan: Prepared = { entries, count, bindings, bound: Array.from({ length: places }, () => null) };
    this.#plans.set(steps, plan);
    abandoned.register(steps, () => {
      if (!this.#isDisposed) this.#heap.give(entries, size);
    });
    return plan;
  }

  #finish(result: number): void {
    if (result === status.ok) return;
    const { i32 } = this.#views;
    if (result === status.indexOutOfRange) {
      const index = i32[control.faultIndex / 4]!;
      const size = i32[control.faultSize / 4]!;
      throw new IndexError(
        `index ${index} is out of range: the axis has ${size} element${size === 1 ? "" : "s"}, ` +
          `so that an index is one of 0 … ${size - 1}`,
      );
    }
    this.#lose("a worker was lost");
    throw new BackendError(
      `wasm: a worker thread did not finish its share of a kernel, so that what this step computed is not valid; ` +
        `work goes on with one thread`,
    );
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const thread of this.#pool) thread.terminate();
    this.#pool = [];
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
