import type { Kernel, TypedArray } from "@chainrule/core";
import { expect } from "vitest";
import { createCpu } from "../src/index.ts";
import { array, runReference, sizeOf } from "./reference.ts";

export const codegen = createCpu();
export const interpreter = createCpu({ codegen: false });
export const backends = [codegen, interpreter] as const;

/** Fresh outputs for a kernel, filled with what a reused buffer might hold. */
export const outputsOf = (kernel: Kernel): TypedArray[] =>
  kernel.kind === "scatterAdd"
    ? [array(kernel.dtype, kernel.length).fill(77)]
    : kernel.outputs.map((output) => array(output.dtype, sizeOf(kernel.shape)).fill(77));

export function runOn(
  backend: (typeof backends)[number],
  kernel: Kernel,
  inputs: readonly TypedArray[],
): TypedArray[] {
  const outputs = outputsOf(kernel);
  backend.run(backend.compile(kernel), [...inputs, ...outputs]);
  return outputs;
}

/** Whether the elements are the same bits, all NaN being one. */
export function firstDifference(a: TypedArray, b: TypedArray): number {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return a.length === b.length ? -1 : Math.min(a.length, b.length);
}

export function expectSameBits(actual: readonly TypedArray[], expected: readonly TypedArray[]): void {
  actual.forEach((output, i) => {
    const at = firstDifference(output, expected[i]!);
    if (at >= 0)
      expect({ output: i, at, value: output[at] }).toEqual({ output: i, at, value: expected[i]![at] });
  });
}

/** `tolerance` is relative to the larger of 1 and the value. */
export function expectClose(actual: TypedArray, expected: TypedArray, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    const [x, y] = [actual[i]!, expected[i]!];
    if (Object.is(x, y) || x === y) continue;
    if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)))) {
      throw new Error(`element ${i} is ${x}, expected ${y}`);
    }
  }
}

/**
 * Runs a kernel on both emitters: they must agree bit for bit with each other, and with the reference bit for bit
 * or to `tolerance`.
 */
export function check(kernel: Kernel, inputs: readonly TypedArray[], tolerance = 0): TypedArray[] {
  const [fast, slow] = backends.map((backend) => runOn(backend, kernel, inputs)) as [
    TypedArray[],
    TypedArray[],
  ];
  expectSameBits(slow, fast);
  const expected = runReference(kernel, inputs);
  if (tolerance === 0) expectSameBits(fast, expected);
  else fast.forEach((output, i) => expectClose(output, expected[i]!, tolerance));
  return fast;
}
