import type { Kernel } from "@chainrule/core";
import { emitDot } from "./dot.ts";
import { emitMap, emitScatterAdd } from "./map.ts";
import { Program } from "./program.ts";
import { emitReduce } from "./reduce.ts";
import type { InstructionSet } from "./target.ts";

/** A kernel as a program: its module still to be assembled, and what to call in it. */
export function emitKernel(kernel: Kernel, instructions: InstructionSet, threaded: boolean): Program {
  const program = new Program(kernel, instructions, threaded);
  switch (kernel.kind) {
    case "map":
    case "gather":
      emitMap(program, kernel);
      break;
    case "reduce":
      emitReduce(program, kernel);
      break;
    case "dot":
      emitDot(program, kernel);
      break;
    case "scatterAdd":
      emitScatterAdd(program, kernel);
      break;
  }
  return program;
}
