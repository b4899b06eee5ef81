import type { DotKernel } from "@chainrule/core";
import * as control from "./control.ts";
import { DotEmitter, type Stage } from "./dot-emitter.ts";
import { digits } from "./dot-matrix.ts";
import { inShares, type Program } from "./program.ts";
import type { Func, Int } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { v128 } from "./wasm/types.ts";

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function emitDot(program: Program, kernel: DotKernel): void {
  const dot = new DotEmitter(program, kernel);
  const { m, n, k, parts } = dot.plan;
  const batches = kernel.shape.slice(0, -2).reduce((product, size) => product * size, 1);
  // A multiplication takes less than half of what other operations take.
  const work = 0.4 * batches * m * n * k;
  if (parts === 1 && batches < 4 && program.isWorthSharing(work, dot.compute.size)) {
    emitShared(program, dot, batches);
  } else emitSeparate(program, dot, batches, program.isWorthSharing(work, batches * parts));
}

const shared = (f: Func): Int => f.load(op.load, 0, control.sharedScratch);

/** Each thread multiplies whole matrices, or parts of them that are added up in the end, with scratch of its own. */
function emitSeparate(program: Program, dot: DotEmitter, batches: number, parallel: boolean): void {
  const { resultBytes, packedBytes, ownBytes, packsB, passes, parts, partPasses, blocks, b, waits } =
    dot.plan;
  const kept = parts > 1 ? 0 : resultBytes;
  program.privateBytes = kept + packedBytes + ownBytes;
  program.sharedBytes = (parts - 1 && parts) * batches * resultBytes;
  const packsOnce = packsB && blocks * passes === 1 && b.batch.every((stride) => stride === 0);
  program.single(parallel, (entry) => {
    const { f } = entry;
    /** Runs stages on matrix `job / parts` with results that may have to outlive it. */
    const work = (job: Int, block: Int, pass: Int, stages: readonly (Stage | null)[]): void => {
      const place = dot.place(entry, parts === 1 ? job : f.i(op.divU, job, parts));
      const packed = f.add(place.own, kept);
      const results = parts > 1 ? f.add(shared(f), f.scale(job, resultBytes)) : place.own;
      const working = { ...place, own: f.add(packed, packedBytes) };
      for (const stage of stages) stage?.run(working, { block, pass, packed, results }, 0, stage.size);
    };
    const multiply = (job: Int): void =>
      repeat(f, 0, blocks, (block) => {
        const first = parts === 1 ? 0 : f.scale(f.i(op.remU, job, parts), partPasses);
        repeat(f, first, f.min(passes, f.add(first, partPasses)), (pass) =>
          work(job, block, pass, [packsOnce ? null : dot.pack, dot.compute]),
        );
        if (waits && parts === 1) work(job, block, 0, [dot.finish]);
      });
    if (packsOnce) work(0, 0, 0, [dot.pack]);
    inShares(entry, batches * parts, 1, parallel, ({ low, high }) => repeat(f, low, high, multiply));
  });
  if (parts > 1) addParts(program, dot, batches);
}

/** Adds up the parts of each matrix, always in one order, and computes its outputs. */
function addParts(program: Program, dot: DotEmitter, batches: number): void {
  const { resultBytes, parts, arithmetic } = dot.plan;
  const func = program.entry((entry) => {
    const { f } = entry;
    repeat(f, 0, batches, (number) => {
      const place = dot.place(entry, number);
      const results = f.add(shared(f), f.scale(number, parts * resultBytes));
      f.loop(0, resultBytes, 16, (i) => {
        const at = f.add(results, i);
        let sum = f.load(op.vload, at, 0, v128);
        for (let part = 1; part < parts; part++) {
          sum = f.v(arithmetic.add, sum, f.load(op.vload, at, part * resultBytes, v128));
        }
        f.store(op.vstore, at, sum);
      });
      dot.finish.run(place, { block: 0, pass: 0, packed: 0, results }, 0, dot.finish.size);
    });
  });
  program.phases.push({ func, parameter: 0, parallel: false });
}

/** A loop, unless it is known to run once. */
function repeat(f: Func, from: Int, to: Int, body: (i: Int) => void): void {
  if (from === 0 && to === 1) body(0);
  else f.loop(from, to, 1, body);
}

/** Threads divide each block of each matrix, B being packed for all of them. */
function emitShared(program: Program, dot: DotEmitter, batches: number): void {
  const { resultBytes, packedBytes, ownBytes, passes, blocks, waits } = dot.plan;
  program.sharedBytes = resultBytes + packedBytes;
  program.privateBytes = ownBytes;
  const entry = ({ size, run }: Stage): Func =>
    program.entry((entry) => {
      const { f, parameter } = entry;
      const [number, block, pass] = digits(f, parameter, [batches, blocks, passes]) as [Int, Int, Int];
      const packed = shared(f);
      const piece = { block, pass, packed, results: f.add(packed, packedBytes) };
      const place = dot.place(entry, number);
      inShares(entry, size, 1, true, ({ low, high }) => run(place, piece, low, high));
    });
  const [pack, compute, finish] = [dot.pack, dot.compute, waits ? dot.finish : null].map(
    (stage) => stage && entry(stage),
  );
  // Functions of the host are there for the first thread only.
  const parallel = !program.module.hasHostFunctions;
  for (let parameter = 0; parameter < batches * blocks * passes; parameter++) {
    const isLast = parameter % passes === passes - 1;
    for (const func of [pack, compute, isLast ? finish : null]) {
      if (func) program.phases.push({ func, parameter, parallel });
    }
  }
}
