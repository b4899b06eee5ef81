import { reduceOps, type Dtype, type Expression, type Kernel } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, test } from "vitest";
import { contents, program, rebase, shape, summable } from "./arbitraries.ts";
import { array, contiguous, runReference } from "./reference.ts";
import { check, codegen, expectSameBits, interpreter, runOn } from "./run.ts";

/** A plain reduction of a row-major array of `shape` over some of its axes. */
function reduction(
  op: "sum" | "max" | "prod",
  dtype: Dtype,
  sizes: readonly number[],
  axes: readonly number[],
): Kernel {
  const strides = contiguous(sizes).strides;
  const kept = sizes.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const value: Expression = {
    kind: "load",
    dtype,
    input: 0,
    map: { offset: 0, strides: [...kept, ...axes].map((axis) => strides[axis]!), mask: null },
  };
  return {
    kind: "reduce",
    op,
    inputs: [dtype],
    shape: kept.map((axis) => sizes[axis]!),
    reduced: axes.map((axis) => sizes[axis]!),
    value,
    outputs: [{ kind: "result", dtype }],
    key: "",
  };
}

const wave = (dtype: Dtype, length: number): ReturnType<typeof array> =>
  array(
    dtype,
    Array.from({ length }, (_, i) =>
      dtype === "bool" ? Number(i % 7 === 3) : dtype.startsWith("float") ? Math.sin(i) : i * 37,
    ),
  );

describe("every op and dtype along memory, across it and over everything", () => {
  for (const dtype of ["float32", "float64", "int32", "uint8", "bool"] as const) {
    for (const op of reduceOps) {
      test(`${op} of ${dtype}`, () => {
        for (const sizes of [
          [7, 9],
          [1, 33],
          [33, 1],
          [5, 70],
          [70, 5],
          [3, 4, 5],
          [9, 130, 3],
          [600, 5],
          [5, 600],
        ]) {
          const data = [
            wave(
              dtype,
              sizes.reduce((a, b) => a * b),
            ),
          ];
          const tolerance = dtype === "float32" ? 1e-6 : dtype === "float64" ? 1e-12 : 0;
          for (const axes of sizes.length === 2
            ? [[0], [1], [0, 1], [1, 0]]
            : [[0], [1], [2], [0, 2], [1, 2], [0, 1]]) {
            check(reduction(op, dtype, sizes, axes), data, tolerance);
          }
        }
      });
    }
  }
});

test("random values, maps and epilogues agree with the reference and on both emitters", () => {
  fc.assert(
    fc.property(
      fc
        .record({
          shape: shape(3, 6),
          reduced: fc.oneof(
            shape(2, 6),
            fc.integer({ min: 8, max: 40 }).map((n) => [n]),
          ),
          op: fc.constantFrom(...reduceOps),
        })
        .chain(({ shape, reduced, op }) =>
          program([...shape, ...reduced], { steps: 4, outputs: 1 }).chain((value) =>
            program(shape, { steps: 6, result: value.outputs[0]!.dtype }).chain((epilogue) => {
              const inputs = [...value.inputs, ...epilogue.inputs];
              return fc.record({
                kernel: fc.constant<Kernel>({
                  kind: "reduce",
                  op,
                  shape,
                  reduced,
                  inputs,
                  value: value.outputs[0]!,
                  outputs: [
                    { kind: "result", dtype: value.outputs[0]!.dtype },
                    ...rebase(epilogue.outputs, value.inputs.length),
                  ],
                  key: "",
                }),
                data: contents(inputs, [...value.lengths, ...epilogue.lengths], summable),
              });
            }),
          ),
        ),
      ({ kernel, data }) => {
        const plain = { ...kernel, outputs: kernel.outputs.slice(0, 1) };
        const [results] = check(plain, data, 1e-6);
        // The epilogue may magnify the rounding of the fold, so that it is checked from the fold's own results.
        const outputs = runOn(codegen, kernel, data);
        expectSameBits(outputs, runReference(kernel, data, results));
        expectSameBits(runOn(interpreter, kernel, data), outputs);
      },
    ),
    { numRuns: 500 },
  );
});
