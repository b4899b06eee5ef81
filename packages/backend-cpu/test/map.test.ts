import type { Expression, IndexMap, MapKernel } from "@chainrule/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { contents, elements, program, rebase, shape } from "./arbitraries.ts";
import { array, contiguous, runReference, sizeOf } from "./reference.ts";
import { backends, check, expectSameBits, outputsOf } from "./run.ts";

const map = (
  shape: readonly number[],
  inputs: MapKernel["inputs"],
  outputs: readonly Expression[],
): MapKernel => ({
  kind: "map",
  shape,
  inputs,
  outputs,
  key: "",
});

test("random expressions over random maps give the reference's bits on both emitters", () => {
  fc.assert(
    fc.property(
      shape().chain((shape) =>
        program(shape).chain((program) =>
          fc.record({
            shape: fc.constant(shape),
            program: fc.constant(program),
            data: contents(program.inputs, program.lengths),
          }),
        ),
      ),
      ({ shape, program, data }) => {
        check(map(shape, program.inputs, program.outputs), data);
      },
    ),
    { numRuns: 1000 },
  );
});

test("an output may take the place of an input that is read at the same index", () => {
  fc.assert(
    fc.property(
      shape(3, 5).chain((shape) =>
        program(shape, { outputs: 1 }).chain((program) =>
          fc.record({
            shape: fc.constant(shape),
            program: fc.constant(program),
            data: contents(program.inputs, program.lengths),
            states: fc.tuple(elements("float32", sizeOf(shape)), elements("float32", sizeOf(shape))),
          }),
        ),
      ),
      ({ shape, program, data, states }) => {
        const cast = (x: Expression): Expression => ({ kind: "cast", dtype: "float32", x });
        const [first, second] = [0, 1].map((input): Expression => ({
          kind: "load",
          dtype: "float32",
          input,
          map: contiguous(shape),
        })) as [Expression, Expression];
        const [step] = rebase(program.outputs, 2).map(cast) as [Expression];
        const add = (x: Expression, y: Expression): Expression => ({
          kind: "binary",
          dtype: "float32",
          op: "add",
          x,
          y,
        });
        // Each output reads both states, and is stored in the place of one of them.
        const swapped = [
          add(second, step),
          add(first, { kind: "binary", dtype: "float32", op: "mul", x: second, y: step }),
        ];
        const kernel = map(shape, ["float32", "float32", ...program.inputs], swapped);
        const expected = runReference(kernel, [...states, ...data]);
        for (const backend of backends) {
          const [a, b] = [states[0].slice(), states[1].slice()];
          backend.run(backend.compile(kernel), [a, b, ...data, a, b]);
          expectSameBits([a, b], expected);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("masks: nothing is read outside, in any number of parts", () => {
  const shape = [5, 40];
  const masked = (low: number, high: number, rows: readonly [number, number] = [0, 5]): Expression => {
    const at: IndexMap = { offset: -low, strides: [0, 1], mask: [rows, [low, high]] };
    return { kind: "load", dtype: "float32", input: 0, map: at };
  };
  const sum = (parts: readonly Expression[]): Expression =>
    parts.reduce((x, y) => ({ kind: "binary", dtype: "float32", op: "add", x, y }));
  const data = [
    array(
      "float32",
      Array.from({ length: 40 }, (_, i) => i + 1),
    ),
  ];
  check(map(shape, ["float32"], [masked(0, 40, [2, 2])]), data);
  check(map(shape, ["float32"], [masked(3, 3)]), data);
  check(map(shape, ["float32"], [masked(0, 3), masked(39, 40)]), data);
  check(map(shape, ["float32"], [sum([masked(0, 7, [1, 4]), masked(7, 8), masked(8, 40, [0, 1])])]), data);
  const many = Array.from({ length: 10 }, (_, i) => masked(i * 4, i * 4 + 4));
  const [whole] = check(map(shape, ["float32"], [sum(many)]), data);
  expect(Array.from(whole!.slice(0, 8))).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});

test("a value that does not vary is computed once, outside the loops, and a shared one once at each index", () => {
  const seen: string[] = [];
  const original = globalThis.Function;
  globalThis.Function = function (...texts: string[]) {
    seen.push(texts.at(-1)!);
    return original(...texts);
  } as unknown as FunctionConstructor;
  try {
    const fixed: Expression = {
      kind: "unary",
      dtype: "float32",
      op: "exp",
      x: { kind: "load", dtype: "float32", input: 0, map: { offset: 0, strides: [0], mask: null } },
    };
    const each: Expression = {
      kind: "unary",
      dtype: "float32",
      op: "tanh",
      x: { kind: "load", dtype: "float32", input: 1, map: contiguous([9]) },
    };
    const product: Expression = { kind: "binary", dtype: "float32", op: "mul", x: fixed, y: each };
    backends[0].compile(map([9], ["float32", "float32"], [product, each]));
  } finally {
    globalThis.Function = original;
  }
  const [text] = seen as [string];
  expect(text.match(/Math\.exp/g)).toHaveLength(1);
  expect(text.indexOf("Math.exp")).toBeLessThan(text.indexOf("for("));
  expect(text.match(/Math\.tanh/g)).toHaveLength(1);
});

test("outputs are filled whole, whatever a reused buffer held", () => {
  const kernel = map(
    [2, 3],
    [],
    [
      { kind: "const", dtype: "bool", value: 1 },
      { kind: "index", dtype: "int32", map: { offset: 5, strides: [-1, 2], mask: null } },
    ],
  );
  expect(outputsOf(kernel)[0]![0]).toBe(77);
  const [flags, places] = check(kernel, []);
  expect([...flags!]).toEqual([1, 1, 1, 1, 1, 1]);
  expect([...places!]).toEqual([5, 7, 9, 4, 6, 8]);
});
