import * as control from "./control.ts";
import * as status from "./status.ts";
import { type Callable, Func, type Int, type Local } from "./wasm/function.ts";
import { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** The type of kernels: (bindings, thread, threads, parameter) → status. */
const kernelType: Pick<Callable, "params" | "result"> = { params: [i32, i32, i32, i32], result: i32 };

/** How often the first thread looks before it asks how long it has waited: some tens of microseconds. */
const spins = 1 << 15;

/** How often a worker looks for a job before it sleeps: longer than a training loop is busy between its steps. */
const workerSpins = 1 << 18;

/** In `control.state`: whether threads may join, how many have, and one more job. */
const isOpen = 0x80;
const countMask = 0x7f;
const numberMask = ~0xff;
const oneJob = 0x100;

/**
 * The module that runs plans: `execute(entries, count, threads)` for the first thread, `work(thread, threads)` for
 * the others. An entry runs on one thread or on several: the first thread opens a job, does its pieces until none is
 * left, closes it, and waits for those that joined. A thread that comes too late is not waited for.
 */
export function executorModule(shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter({ shared });
  module.usesTable = true;
  const type = module.type(kernelType);
  const callKernel = (f: Func): void => f.raw(op.callIndirect, type, 0);
  // (times looked so far) → whether to give up: the host has the clock.
  const patience = shared ? module.import("wait", [i32], i32) : null;
  const f = new Func([i32, i32, i32], i32);
  const [entry, count, threads] = f.args;
  const result = f.local(i32);
  f.loop(0, count, 1, () => {
    const word = (i: number): Local => f.load(op.load, entry, i * 4);
    const [index, bindings, parameter, parallel] = [word(0), word(1), word(2), word(3)];
    const run = (members: Int): void => {
      f.push(bindings, 0, members, parameter, index);
      callKernel(f);
      f.set(result);
    };
    if (patience === null) run(1);
    else {
      f.push(parallel, threads, 1);
      f.raw(op.gtS);
      f.raw(op.and);
      f.when(
        () => {
          openJob(f, [index, bindings, parameter]);
          run(threads);
          closeJob(f, patience);
        },
        () => run(1),
      );
    }
    f.push(result);
    f.when(() => f.return(result));
    f.set(entry, f.i(op.add, entry, control.entrySize));
  });
  f.push(result);
  module.export("execute", f);
  if (shared) module.export("work", workFunction(callKernel));
  return module.assemble();
}

/** Lets others join in a job. */
function openJob(f: Func, job: readonly Local[]): void {
  job.forEach((word, i) => f.store(op.store, control.job, word, i * 4));
  f.store(op.atomicStore, 0, 0, control.done);
  f.store(op.atomicStore, 0, 0, control.next);
  const number = f.i(op.and, f.load(op.atomicLoad, 0, control.state), numberMask);
  f.store(op.atomicStore, 0, f.i(op.add, number, oneJob | isOpen), control.state);
  wakeSleepers(f);
}

/** Lets nobody join any more, and waits for those that did. */
function closeJob(f: Func, patience: Callable): void {
  f.push(0, ~isOpen);
  f.memory(op.atomicAnd, control.state);
  const joined = f.i(op.and, f.bind(i32), countMask);
  const tries = f.local(i32);
  f.set(tries, 0);
  f.raw(op.loop, 0x40);
  f.push(f.load(op.load, 0, control.failed));
  f.when(() => f.return(status.workerLost));
  f.push(f.load(op.atomicLoad, 0, control.done), joined);
  f.raw(op.ltS);
  f.when(() => {
    f.set(tries, f.i(op.add, tries, 1));
    f.push(f.i(op.and, tries, spins - 1));
    f.raw(op.eqz);
    f.when(() => {
      f.push(f.call(patience, tries)!);
      f.when(() => f.return(status.workerLost));
    });
    f.raw(op.br, 1);
  });
  f.raw(op.end);
}

/** Wakes whoever sleeps until the state changes; a thread about to sleep counts itself first and looks again after. */
function wakeSleepers(f: Func): void {
  f.push(f.load(op.atomicLoad, 0, control.sleepers));
  f.when(() => {
    f.push(0, -1);
    f.memory(op.notify, control.state);
    f.raw(op.drop);
  });
}

const count = (f: Func, place: number, by: number): void => {
  f.push(0, by);
  f.memory(op.atomicAdd, place);
  f.raw(op.drop);
};

/**
 * The life of a worker: it waits for a job, joins it, and counts itself done. It returns the table index of a kernel
 * that it has not loaded yet (then it must be called again), or −1 at the end.
 */
function workFunction(callKernel: (f: Func) => void): Func {
  const f = new Func([i32, i32], i32);
  const [thread, threads] = f.args;
  const [state, seen, tries] = [f.local(i32), f.local(i32), f.local(i32)];
  f.raw(op.loop, 0x40);
  f.set(tries, 0);
  f.raw(op.loop, 0x40);
  f.set(state, f.load(op.atomicLoad, 0, control.state));
  f.push(state, isOpen);
  f.raw(op.and);
  f.raw(op.eqz);
  f.push(f.i(op.and, state, numberMask), seen);
  f.raw(op.eq);
  f.raw(op.or);
  f.when(() => {
    f.set(tries, f.i(op.add, tries, 1));
    f.push(tries, workerSpins);
    f.raw(op.gtS);
    f.when(() => {
      count(f, control.sleepers, 1);
      f.push(0, state);
      f.raw(op.constI64, 0x7f);
      f.memory(op.wait32, control.state);
      f.raw(op.drop);
      count(f, control.sleepers, -1);
      f.set(tries, 0);
    });
    f.raw(op.br, 1);
  });
  f.raw(op.end);
  const index = f.load(op.load, 0, control.job);
  f.push(index, -1);
  f.raw(op.eq);
  f.when(() => f.return(-1));
  f.push(index);
  f.raw(op.tableSize, 0);
  f.raw(op.geU);
  f.when(() => f.return(index));
  f.push(index);
  f.raw(op.tableGet, 0);
  f.raw(op.isNull);
  f.when(() => f.return(index));
  // Joined only if nothing has changed meanwhile; the job's words stay as they are from then on.
  f.push(0, state, f.i(op.add, state, 1));
  f.memory(op.atomicExchangeIf, control.state);
  f.push(state);
  f.raw(op.eq);
  f.when(() => {
    f.set(seen, f.i(op.and, state, numberMask));
    const word = (i: number): Local => f.load(op.load, 0, control.job + i * 4);
    f.push(word(1), thread, threads, word(2), word(0));
    callKernel(f);
    f.raw(op.drop);
    count(f, control.done, 1);
  });
  f.raw(op.br, 0);
  f.raw(op.end);
  f.raw(op.unreachable);
  return f;
}
