import type { DotKernel } from "@chainrule/core";
import { planDot, tileRowsOf } from "../src/dot-plan.ts";
import { emitTile } from "../src/dot-tile.ts";
import { Program } from "../src/program.ts";
import type { InstructionSet } from "../src/target.ts";
import { Func } from "../src/wasm/function.ts";
import { i32 } from "../src/wasm/types.ts";

const [columns, depth] = [8, 256];

/** A function that runs the register tile on packed panels in the cache so many times, and its operations a time. */
export function peakLoop(instructions: InstructionSet): { run: (times: number) => void; operations: number } {
  const isFused = instructions === "relaxed";
  const rows = tileRowsOf(isFused);
  const kernel: DotKernel = {
    kind: "dot",
    dtype: "float32",
    m: [rows],
    n: [columns],
    k: [depth],
    inputs: ["float32", "float32"],
    shape: [rows, columns],
    a: { input: 0, offset: 0, batch: [], row: [depth], column: [1] },
    b: { input: 1, offset: 0, batch: [], row: [columns], column: [1] },
    outputs: [{ kind: "result", dtype: "float32" }],
    key: "",
  };
  const program = new Program(kernel, instructions, false);
  const packed = {
    lines: { sizes: [rows], strides: [4] },
    steps: { sizes: [depth], strides: [rows * 4] },
  };
  const plan = { ...planDot(kernel, isFused), panel: columns, packsB: true };
  const tile = emitTile(program.module, plan, rows, columns, packed);
  const loop = new Func([i32]);
  loop.loop(0, loop.args[0], 1, () => {
    loop.call(tile, 1024, 16384, 32768, 0, 0, depth, 0);
  });
  program.module.export("run", loop);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(program.module.assemble()), {
    e: { m: memory },
  });
  return { run: instance.exports["run"] as (times: number) => void, operations: 2 * rows * columns * depth };
}
