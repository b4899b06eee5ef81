import { control, entrySize, status } from "./control.ts";
import { type Callable, Func } from "./wasm/function.ts";
import { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** The type of kernels: (bindings, thread, threads, parameter) → status. */
export const kernelType: Pick<Callable, "params" | "result"> = { params: [i32, i32, i32, i32], result: i32 };

/** How often a thread looks for news before it sleeps, or asks how long it has waited. */
const spins = 1 << 15;

/**
 * The module that runs plans: `execute(entries, count, threads)` for the first thread, `work(thread, threads)` for
 * the others. An entry runs on one thread, or on all in lock-step: the first thread announces it by counting
 * `phase` up, does its own share and waits until all others have counted `done`.
 */
export function executorModule(shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter({ shared });
  module.usesTable = true;
  const type = module.type(kernelType);
  const callKernel = (f: Func): void => f.raw(op.callIndirect, type, 0);
  // (milliseconds waited so far is the host's to count) → whether to give up
  const patience = shared ? module.import("wait", [i32], i32) : null;

  const execute = new Func([i32, i32, i32], i32);
  {
    const f = execute;
    const [entry, count, threads] = [f.param(0), f.param(1), f.param(2)];
    const result = f.local(i32);
    f.loop(0, count, 1, () => {
      const word = (i: number) => f.load(op.load, entry, i * 4);
      const [index, bindings, parameter, parallel] = [word(0), word(1), word(2), word(3)];
      const alone = (): void => {
        f.push(bindings, 0, 1, parameter, index);
        callKernel(f);
        f.set(result);
      };
      if (!shared) alone();
      else {
        f.push(parallel, threads, 1);
        f.raw(op.gtS);
        f.raw(op.and);
        f.when(() => {
          f.store(op.store, control.job, index);
          f.store(op.store, control.job, bindings, 4);
          f.store(op.store, control.job, parameter, 8);
          f.store(op.atomicStore, 0, 0, control.done);
          f.push(0, 1);
          f.memory(op.atomicAdd, control.phase);
          f.raw(op.drop);
          wakeSleepers(f);
          f.push(bindings, 0, threads, parameter, index);
          callKernel(f);
          f.set(result);
          const others = f.sub(threads, 1);
          const tries = f.local(i32);
          f.set(tries, 0);
          f.raw(op.loop, 0x40);
          f.push(f.load(op.atomicLoad, 0, control.done), others);
          f.raw(op.ltS);
          f.when(() => {
            f.set(tries, f.i(op.add, tries, 1));
            f.push(f.i(op.and, tries, spins - 1));
            f.raw(op.eqz);
            f.when(() => {
              f.push(f.call(patience!, tries)!);
              f.when(() => f.return(status.workerLost));
            });
            f.raw(op.br, 1);
          });
          f.raw(op.end);
          f.push(f.load(op.load, 0, control.failed));
          f.when(() => f.return(status.workerLost));
        }, alone);
      }
      f.push(result);
      f.when(() => f.return(result));
      f.push(entry, entrySize);
      f.raw(op.add);
      f.set(entry);
    });
    f.push(result);
    module.export("execute", f);
  }
  if (shared) module.export("work", workFunction(callKernel));
  if (shared) {
    const wake = new Func([]);
    wakeSleepers(wake);
    module.export("wake", wake);
  }
  return module.assemble();
}

/** Wakes whoever sleeps until the phase changes; a thread about to sleep counts itself first and looks again after. */
function wakeSleepers(f: Func): void {
  f.push(f.load(op.atomicLoad, 0, control.sleepers));
  f.when(() => {
    f.push(0, -1);
    f.memory(op.notify, control.phase);
    f.raw(op.drop);
  });
}

/**
 * The life of a worker: it waits for the phase to change, does its share of the job and counts itself done. It
 * returns the table index of a kernel that it has not loaded yet (then it must be called again), or −1 at the end.
 */
function workFunction(callKernel: (f: Func) => void): Func {
  const f = new Func([i32, i32, i32], i32);
  const [thread, threads, seenBefore] = [f.param(0), f.param(1), f.param(2)];
  const phase = f.local(i32);
  const seen = f.local(i32);
  const tries = f.local(i32);
  f.set(seen, seenBefore);
  f.raw(op.loop, 0x40);
  f.set(tries, 0);
  f.raw(op.loop, 0x40);
  f.set(phase, f.load(op.atomicLoad, 0, control.phase));
  f.push(phase, seen);
  f.raw(op.eq);
  f.when(() => {
    f.set(tries, f.i(op.add, tries, 1));
    f.push(tries, spins);
    f.raw(op.gtS);
    f.when(() => {
      const count = (by: number): void => {
        f.push(0, by);
        f.memory(op.atomicAdd, control.sleepers);
        f.raw(op.drop);
      };
      count(1);
      f.push(0, seen);
      f.raw(op.constI64, 0x7f);
      f.memory(op.wait32, control.phase);
      f.raw(op.drop);
      count(-1);
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
  f.push(f.load(op.load, 0, control.job + 4), thread, threads, f.load(op.load, 0, control.job + 8), index);
  callKernel(f);
  f.raw(op.drop);
  f.set(seen, phase);
  f.push(0, 1);
  f.memory(op.atomicAdd, control.done);
  f.raw(op.drop);
  f.raw(op.br, 0);
  f.raw(op.end);
  f.raw(op.unreachable);
  return f;
}
