import { IndexError, type Dtype, type GatherKernel, type ScatterAddKernel } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contents, dtype, elements, indexMap, program, shape, summable } from "./arbitraries.ts";
import { array, contiguous } from "./reference.ts";
import { backends, check, outputsOf } from "./run.ts";

/** Rows of a [rows, width] table, picked by an index for each row of the output. */
const embedding = (rows: number, width: number, picked: number, of: Dtype = "float32"): GatherKernel => ({
  kind: "gather",
  dtype: of,
  inputs: [of, "int32"],
  shape: [picked, width],
  source: { input: 0, map: { offset: 0, strides: [0, 1], mask: null }, axisStride: width, axisSize: rows },
  index: { kind: "load", dtype: "int32", input: 1, map: { offset: 0, strides: [1, 0], mask: null } },
  outputs: [{ kind: "result", dtype: of }],
  key: "",
});

const scatter = (rows: number, width: number, picked: number, of: Dtype = "float32"): ScatterAddKernel => ({
  kind: "scatterAdd",
  dtype: of,
  inputs: [of, "int32"],
  shape: [picked, width],
  length: rows * width,
  target: { map: { offset: 0, strides: [0, 1], mask: null }, axisStride: width, axisSize: rows },
  value: { kind: "load", dtype: of, input: 0, map: contiguous([picked, width]) },
  index: { kind: "load", dtype: "int32", input: 1, map: { offset: 0, strides: [1, 0], mask: null } },
  outputs: [{ kind: "result", dtype: of }],
  key: "",
});

describe("gather and scatterAdd of every dtype", () => {
  for (const of of ["float32", "float64", "int32", "uint8", "bool"] as const) {
    test(of, () => {
      const table = array(
        of,
        Array.from({ length: 12 }, (_, i) => (of === "bool" ? i % 2 : i * 20.3)),
      );
      const picks = array("int32", [3, 0, 0, 2, 1]);
      check(embedding(4, 3, 5, of), [table, picks]);
      const values = array(
        of,
        Array.from({ length: 15 }, (_, i) => (of === "bool" ? Number(i % 4 === 0) : i * 20.3)),
      );
      check(scatter(4, 3, 5, of), [values, picks]);
    });
  }
});

test("random gathers", () => {
  fc.assert(
    fc.property(
      shape(3, 5).chain((shape) =>
        fc
          .record({
            source: indexMap(shape),
            index: indexMap(shape, false),
            size: fc.integer({ min: 1, max: 4 }),
            dtype,
          })
          .chain(({ source, index, size, dtype }) =>
            program(shape, { steps: 6, result: dtype }).chain((epilogue) => {
              const first = epilogue.inputs.length;
              const kernel: GatherKernel = {
                kind: "gather",
                dtype,
                shape,
                inputs: [...epilogue.inputs, dtype, "int32"],
                source: { input: first, map: source.map, axisStride: 2, axisSize: size },
                index: { kind: "load", dtype: "int32", input: first + 1, map: index.map },
                outputs: epilogue.outputs,
                key: "",
              };
              return fc.record({
                kernel: fc.constant(kernel),
                data: fc.tuple(
                  contents(epilogue.inputs, epilogue.lengths),
                  elements(dtype, source.needed + 2 * size),
                  fc.array(fc.integer({ min: 0, max: size - 1 }), {
                    minLength: index.needed,
                    maxLength: index.needed,
                  }),
                ),
              });
            }),
          ),
      ),
      ({ kernel, data: [others, source, picks] }) => {
        check(kernel, [...others, source, array("int32", picks)]);
      },
    ),
    { numRuns: 300 },
  );
});

test("random scatters", () => {
  fc.assert(
    fc.property(
      shape(3, 5).chain((shape) =>
        fc
          .record({
            target: indexMap(shape),
            index: indexMap(shape, false),
            size: fc.integer({ min: 1, max: 4 }),
            value: program(shape, { outputs: 1 }),
          })
          .chain(({ target, index, size, value }) => {
            const of = value.outputs[0]!.dtype;
            const kernel: ScatterAddKernel = {
              kind: "scatterAdd",
              dtype: of,
              shape,
              length: target.needed + 2 * size,
              inputs: [...value.inputs, "int32"],
              target: { map: target.map, axisStride: 2, axisSize: size },
              value: value.outputs[0]!,
              index: { kind: "load", dtype: "int32", input: value.inputs.length, map: index.map },
              outputs: [{ kind: "result", dtype: of }],
              key: "",
            };
            return fc.record({
              kernel: fc.constant(kernel),
              data: contents(value.inputs, value.lengths, summable),
              picks: fc.array(fc.integer({ min: 0, max: size - 1 }), {
                minLength: index.needed,
                maxLength: index.needed,
              }),
            });
          }),
      ),
      ({ kernel, data, picks }) => {
        check(kernel, [...data, array("int32", picks)]);
      },
    ),
    { numRuns: 300 },
  );
});

test("an index out of range is named, with what it may be, and the next run works", () => {
  for (const backend of backends) {
    for (const kernel of [embedding(4, 3, 5), scatter(4, 3, 5)]) {
      const executable = backend.compile(kernel);
      const inputs = [array("float32", 15), array("int32", [0, 1, 2, 3, 0])];
      for (const bad of [4, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        inputs[1]![2] = bad;
        const run = (): void => backend.run(executable, [...inputs, ...outputsOf(kernel)]);
        expect(run).toThrow(IndexError);
        expect(run).toThrow(new RegExp(`index ${bad} .* size 4.* 0 … 3`));
      }
      inputs[1]![2] = 2;
      check(kernel, inputs);
    }
  }
});
