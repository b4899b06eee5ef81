import type { Backend, Kernel, TypedArray } from "@chainrule/core";
import { createCpu } from "@chainrule/backend-cpu";
import { expect } from "vitest";
import { createWasm, type InstructionSet, type WasmBackend } from "../src/index.ts";
import { outputsOf } from "./kernels.ts";

const cpu = createCpu();

export const createBackend = async (
  threads: number,
  instructionSet: InstructionSet = "relaxed",
): Promise<WasmBackend> => (await createWasm({ threads, instructionSet }).create()) as WasmBackend;

/** Runs a kernel on a backend of one's own; gives its outputs. */
export function runOn<B, E>(
  backend: Backend<B, E>,
  kernel: Kernel,
  inputs: readonly TypedArray[],
): TypedArray[] {
  const outputs = outputsOf(kernel);
  const dtypesOf = kernel.kind === "scatterAdd" ? [kernel.dtype] : kernel.outputs.map(({ dtype }) => dtype);
  const kinds = [...kernel.inputs, ...dtypesOf];
  const buffers = [...inputs, ...outputs].map((data, i) => {
    const buffer = backend.alloc(data.length, kinds[i]!);
    backend.write(buffer, data);
    return buffer;
  });
  try {
    backend.run(backend.compile(kernel), buffers);
    return buffers.slice(inputs.length).map((buffer) => backend.readSync!(buffer));
  } finally {
    for (const buffer of buffers) backend.free(buffer);
  }
}

export const runOnCpu = (kernel: Kernel, inputs: readonly TypedArray[]): TypedArray[] =>
  runOn(cpu, kernel, inputs);

/** All NaN are one; zeros have signs. */
export function expectSameBits(
  actual: readonly TypedArray[],
  expected: readonly TypedArray[],
  about: () => unknown,
): void {
  const bytes = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  actual.forEach((output, i) => {
    if (Buffer.compare(bytes(output), bytes(expected[i]!)) === 0) return;
    const at = output.findIndex((value, j) => !Object.is(value, expected[i]![j]));
    if (at >= 0) {
      expect({ output: i, at, value: output[at], about: about() }).toEqual({
        output: i,
        at,
        value: expected[i]![at],
        about: about(),
      });
    }
  });
}

/** `tolerance` is relative to the larger of 1 and the value. */
export function expectClose(
  actual: TypedArray,
  expected: TypedArray,
  tolerance: number,
  about: string,
): void {
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [actual[i]!, expected[i]!];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)))) {
      throw new Error(`${about}: element ${i} is ${x}, expected ${y}`);
    }
  }
}
