import type { DotKernel } from "@chainrule/core";
import { control } from "./control.ts";
import { DotEmitter, type Extent, type Piece, type Place } from "./dot-emitter.ts";
import { type Entry, inShares, type Program } from "./program.ts";
import type { Func, Int } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { v128 } from "./wasm/types.ts";

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function emitDot(program: Program, kernel: DotKernel): void {
  const dot = new DotEmitter(program, kernel);
  const { shape } = kernel;
  const { m, n, k, panels, parts } = dot.plan;
  const batches = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  // A multiplication takes less than half of what other operations take.
  const work = 0.4 * batches * m * n * k;
  if (parts === 1 && batches < 4 && program.isWorthSharing(work, dot.strips * panels)) {
    emitShared(program, dot, batches);
  } else emitSeparate(program, dot, batches, program.isWorthSharing(work, batches * parts));
}

/** Each thread multiplies whole matrices, or parts of them that are added up in the end, with scratch of its own. */
function emitSeparate(program: Program, dot: DotEmitter, batches: number, parallel: boolean): void {
  const { resultBytes, packedBytes, ownBytes, packsB, passes, parts, partPasses, blocks } = dot.plan;
  const { b, m, turned } = dot.plan;
  const results = parts > 1 ? 0 : resultBytes;
  program.privateBytes = results + packedBytes + ownBytes;
  program.sharedBytes = parts > 1 ? batches * parts * resultBytes : 0;
  const packsOnce = packsB && blocks * passes === 1 && b.batch.every((stride) => stride === 0);
  const whole = { fromStrip: 0, toStrip: dot.strips, fromPanel: 0 };
  program.single(parallel, (entry) => {
    const { f } = entry;
    const pieceOf = ({ own }: Place, block: Int, pass: Int, earlier: Int, job: Int): Piece => ({
      block,
      pass,
      earlier,
      packed: f.add(own, results),
      results: parts > 1 ? f.add(partial(f), f.scale(job, resultBytes)) : own,
    });
    const multiply = (job: Int): void => {
      const part = parts === 1 ? 0 : f.i(op.remU, job, parts);
      const number = parts === 1 ? job : f.i(op.divU, job, parts);
      const place = dot.place(entry, number);
      const working = { ...place, own: f.add(place.own, results + packedBytes) };
      repeat(f, blocks, (block) => {
        const toPanel = dot.panelsOf(f, block);
        const pass = (pass: Int, earlier: Int): void => {
          const piece = pieceOf(place, block, pass, earlier, job);
          if (packsB && !packsOnce) dot.pack(working, piece, 0, toPanel);
          dot.compute(working, piece, { ...whole, toPanel });
        };
        if (parts > 1) {
          const first = f.scale(part, partPasses);
          return f.loop(0, f.min(partPasses, f.sub(passes, first)), 1, (i) => pass(f.add(first, i), i));
        }
        repeat(f, passes, (i) => pass(i, i));
        if (!turned || passes === 1) return;
        dot.finish(working, pieceOf(place, block, 0, 0, 0), { ...whole, toPanel }, 0, m);
      });
    };
    if (packsOnce) {
      const place = dot.place(entry, 0);
      dot.pack(place, pieceOf(place, 0, 0, 0, 0), 0, dot.panelsOf(f, 0));
    }
    const jobs = batches * parts;
    if (jobs === 1) multiply(0);
    else inShares(entry, jobs, 1, parallel, ({ low, high }) => f.loop(low, high, 1, multiply));
  });
  if (parts > 1) addParts(program, dot, batches);
}

const partial = (f: Func): Int => f.load(op.load, 0, control.sharedScratch);

/** Adds up the parts of each matrix, always in one order, and computes its outputs. */
function addParts(program: Program, dot: DotEmitter, batches: number): void {
  const { resultBytes, parts, arithmetic, m, panels } = dot.plan;
  const finish = program.entry((entry) => {
    const { f } = entry;
    repeat(f, batches, (number) => {
      const place = dot.place(entry, number);
      const results = f.add(partial(f), f.scale(number, parts * resultBytes));
      f.loop(0, resultBytes, 16, (i) => {
        const at = f.add(results, i);
        const each = Array.from({ length: parts }, (_, part) =>
          f.load(op.vload, f.add(at, part * resultBytes), 0, v128),
        );
        f.store(
          op.vstore,
          at,
          each.reduce((sum, part) => f.v(arithmetic.add, sum, part)),
        );
      });
      const piece = { block: 0, pass: 0, earlier: 0, packed: 0, results };
      dot.finish(place, piece, { fromStrip: 0, toStrip: 0, fromPanel: 0, toPanel: panels }, 0, m);
    });
  });
  program.phases.push({ func: finish, parameter: 0, parallel: false });
}

/** A loop, unless it would run once. */
function repeat(f: Func, count: number, body: (i: Int) => void): void {
  if (count === 1) body(0);
  else f.loop(0, count, 1, body);
}

/** Threads divide each block of each matrix, B being packed for all of them. */
function emitShared(program: Program, dot: DotEmitter, batches: number): void {
  const { resultBytes, packedBytes, ownBytes, packsB, passes, blocks, panels, turned, plain, m } = dot.plan;
  const { strips } = dot;
  program.sharedBytes = resultBytes + packedBytes;
  program.privateBytes = ownBytes;
  const byRows = strips >= 4 || strips >= panels;
  const entry = (body: (entry: Entry, place: Place, piece: Piece) => void): Func =>
    program.entry((entry) => {
      const { f, parameter } = entry;
      // The parameter is (number · blocks + block) · passes + pass.
      const digit = (x: Int, base: number): [Int, Int] =>
        base === 1 ? [0, x] : [f.i(op.remU, x, base), f.i(op.divU, x, base)];
      const [pass, upper] = digit(parameter, passes);
      const [block, number] = digit(upper, blocks);
      const packed = f.load(op.load, 0, control.sharedScratch);
      const piece = { block, pass, earlier: pass, packed, results: f.add(packed, packedBytes) };
      body(entry, dot.place(entry, batches === 1 ? 0 : number), piece);
    });
  const pack = packsB
    ? entry((entry, place, piece) => {
        const { f } = entry;
        const present = dot.panelsOf(f, piece.block);
        inShares(entry, panels, 1, true, ({ low, high }) =>
          dot.pack(place, piece, low, f.min(high, present)),
        );
      })
    : null;
  const inPanels =
    (visit: (place: Place, piece: Piece, extent: Extent) => void, shareRows: boolean) =>
    (entry: Entry, place: Place, piece: Piece): void => {
      const { f } = entry;
      const present = dot.panelsOf(f, piece.block);
      inShares(entry, shareRows ? strips : panels, 1, true, ({ low, high }) => {
        const extent = shareRows
          ? { fromStrip: low, toStrip: high, fromPanel: 0, toPanel: present }
          : { fromStrip: 0, toStrip: strips, fromPanel: f.min(low, present), toPanel: f.min(high, present) };
        visit(place, piece, extent);
      });
    };
  const compute = entry(inPanels((place, piece, extent) => dot.compute(place, piece, extent), byRows));
  // Turned results that waited for the last pass: an epilogue has whole lines of them.
  const finish =
    turned && !plain && passes > 1
      ? entry(inPanels((place, piece, extent) => dot.finish(place, piece, extent, 0, m), false))
      : null;
  // Functions of the host are there for the first thread only.
  const parallel = !program.module.hasHostFunctions;
  for (let parameter = 0; parameter < batches * blocks * passes; parameter++) {
    if (pack) program.phases.push({ func: pack, parameter, parallel });
    program.phases.push({ func: compute, parameter, parallel });
    if (finish && parameter % passes === passes - 1)
      program.phases.push({ func: finish, parameter, parallel });
  }
}
