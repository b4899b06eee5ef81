import type { MapKernel } from "@chainrule/core";
import { tileRowsOf } from "../src/dot-plan.ts";
import { arithmeticOf, emitTile } from "../src/dot-tile.ts";
import { Program } from "../src/program.ts";
import type { InstructionSet } from "../src/target.ts";
import { Func } from "../src/wasm/function.ts";
import { i32 } from "../src/wasm/types.ts";

const [columns, depth] = [8, 256];
const nothing: MapKernel = { kind: "map", inputs: [], outputs: [], shape: [1], key: "" };

/** A function that runs the register tile on packed panels in the cache so many times, and its operations a time. */
export function peakLoop(instructions: InstructionSet): { run: (times: number) => void; operations: number } {
  const rows = tileRowsOf(instructions === "relaxed");
  const program = new Program(nothing, instructions, false);
  const arithmetic = arithmeticOf("float32", instructions === "relaxed");
  const strides = { aRow: 4, aStep: rows * 4, bStep: columns * 4, cRow: columns * 4 };
  const tile = emitTile(program.target(new Func([])), arithmetic, rows, columns, strides, false);
  const loop = new Func([i32]);
  loop.loop(0, loop.param(0), 1, () => {
    loop.call(tile, 1024, 16384, 32768, depth, 0);
  });
  program.module.export("run", loop);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(program.module.assemble()), {
    e: { m: memory },
  });
  return { run: instance.exports["run"] as (times: number) => void, operations: 2 * rows * columns * depth };
}
