import type { DotKernel } from "@chainrule/core";
import { control } from "./control.ts";
import { DotEmitter, type Place } from "./dot-emitter.ts";
import { type Entry, inShares, type Program } from "./program.ts";
import type { Func, Int } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function emitDot(program: Program, kernel: DotKernel): void {
  const dot = new DotEmitter(program, kernel);
  const { shape } = kernel;
  const { m, n, k, tiles, panels } = dot.plan;
  const batches = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  // A multiplication takes less than half of what other operations take.
  const work = 0.4 * batches * m * n * k;
  if (batches < 4 && program.isWorthSharing(work, tiles * panels)) emitShared(program, dot, batches);
  else emitSeparate(program, dot, batches, program.isWorthSharing(work, batches));
}

/** Each thread multiplies whole matrices, with scratch of its own. */
function emitSeparate(program: Program, dot: DotEmitter, batches: number, parallel: boolean): void {
  const { resultBytes, packedBytes, ownBytes, packsB, passes, blocks, tiles } = dot.plan;
  program.privateBytes = resultBytes + packedBytes + ownBytes;
  program.single(parallel, (entry) => {
    const { f } = entry;
    const multiply = (number: Int): void => {
      const place = dot.place(entry, number);
      const results = place.own;
      const packed = f.add(results, resultBytes);
      const working = { ...place, own: f.add(packed, packedBytes) };
      repeat(f, blocks, (block) => {
        const toPanel = dot.panelsOf(f, block);
        repeat(f, passes, (pass) => {
          const piece = { block, pass, packed, results };
          if (packsB) dot.pack(working, piece, 0, toPanel);
          dot.compute(working, piece, { fromTile: 0, toTile: tiles, fromPanel: 0, toPanel });
        });
      });
    };
    if (batches === 1) multiply(0);
    else inShares(entry, batches, 1, parallel, ({ low, high }) => f.loop(low, high, 1, multiply));
  });
}

/** A loop, unless it would run once. */
function repeat(f: Func, count: number, body: (i: Int) => void): void {
  if (count === 1) body(0);
  else f.loop(0, count, 1, body);
}

/** Threads divide each block of each matrix, B being packed for all of them. */
function emitShared(program: Program, dot: DotEmitter, batches: number): void {
  const { resultBytes, packedBytes, ownBytes, packsB, passes, blocks, tiles, panels } = dot.plan;
  program.sharedBytes = resultBytes + packedBytes;
  program.privateBytes = ownBytes;
  const byRows = tiles >= 4 || tiles >= panels;
  const entry = (body: (entry: Entry, place: Place, block: Int, pass: Int) => void): Func =>
    program.entry((entry) => {
      const { f, parameter } = entry;
      // The parameter is (number · blocks + block) · passes + pass.
      const digit = (x: Int, base: number): [Int, Int] =>
        base === 1 ? [0, x] : [f.i(op.remU, x, base), f.i(op.divU, x, base)];
      const [pass, upper] = digit(parameter, passes);
      const [block, number] = digit(upper, blocks);
      body(entry, dot.place(entry, batches === 1 ? 0 : number), block, pass);
    });
  const scratch = (f: Func): { packed: Int; results: Int } => {
    const packed = f.load(op.load, 0, control.sharedScratch);
    return { packed, results: f.add(packed, packedBytes) };
  };
  const pack = packsB
    ? entry((entry, place, block, pass) => {
        const { f } = entry;
        const piece = { block, pass, ...scratch(f) };
        const present = dot.panelsOf(f, block);
        inShares(entry, panels, 1, true, ({ low, high }) =>
          dot.pack(place, piece, low, f.min(high, present)),
        );
      })
    : null;
  const compute = entry((entry, place, block, pass) => {
    const { f } = entry;
    const piece = { block, pass, ...scratch(f) };
    const present = dot.panelsOf(f, block);
    inShares(entry, byRows ? tiles : panels, 1, true, ({ low, high }) => {
      const extent = byRows
        ? { fromTile: low, toTile: high, fromPanel: 0, toPanel: present }
        : { fromTile: 0, toTile: tiles, fromPanel: f.min(low, present), toPanel: f.min(high, present) };
      dot.compute(place, piece, extent);
    });
  });
  // Functions of the host are there for the first thread only.
  const parallel = !program.module.hasHostFunctions;
  for (let parameter = 0; parameter < batches * blocks * passes; parameter++) {
    if (pack) program.phases.push({ func: pack, parameter, parallel });
    program.phases.push({ func: compute, parameter, parallel });
  }
}
