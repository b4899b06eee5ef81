import {
  binaryOps,
  threefry2x32,
  unaryOps,
  type BinaryOp,
  type Dtype,
  type Expression,
  type MapKernel,
  type UnaryOp,
} from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, contiguous, erfReference } from "./reference.ts";
import { backends, check, codegen, expectSameBits, runOn } from "./run.ts";

/** `op` on one or two vectors. */
function pointwise(op: UnaryOp | BinaryOp, dtype: Dtype, length: number): MapKernel {
  const load = (input: number): Expression => ({ kind: "load", dtype, input, map: contiguous([length]) });
  const isUnary = (unaryOps as readonly string[]).includes(op);
  const output: Expression = isUnary
    ? { kind: "unary", dtype, op: op as UnaryOp, x: load(0) }
    : {
        kind: "binary",
        dtype: op === "lt" || op === "eq" ? "bool" : dtype,
        op: op as BinaryOp,
        x: load(0),
        y: load(1),
      };
  return {
    kind: "map",
    shape: [length],
    inputs: isUnary ? [dtype] : [dtype, dtype],
    outputs: [output],
    key: "",
  };
}

const cast = (from: Dtype, to: Dtype, length: number): MapKernel => ({
  kind: "map",
  shape: [length],
  inputs: [from],
  outputs: [
    { kind: "cast", dtype: to, x: { kind: "load", dtype: from, input: 0, map: contiguous([length]) } },
  ],
  key: "",
});

const compute = (op: UnaryOp | BinaryOp, dtype: Dtype, ...operands: number[][]): number[] => {
  const data = operands.map((values) => array(dtype, values));
  const [first, second] = backends.map(
    (backend) => runOn(backend, pointwise(op, dtype, data[0]!.length), data)[0]!,
  );
  expectSameBits([second!], [first!]);
  return [...first!];
};

const edges = [0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -7.25, 1e-300, -1e300, 1e20, Infinity, -Infinity, NaN];
const pairs = edges.flatMap((x) => edges.map((y): [number, number] => [x, y]));

describe("every scalar operation at the edges of its dtype", () => {
  for (const dtype of ["float32", "float64"] as const) {
    for (const op of unaryOps.filter((op) => op !== "erf")) {
      test(`${op} of ${dtype}`, () => {
        check(pointwise(op, dtype, edges.length), [array(dtype, edges)]);
      });
    }
    for (const op of binaryOps) {
      test(`${op} of ${dtype}`, () => {
        const data = [0, 1].map((i) =>
          array(
            dtype,
            pairs.map((pair) => pair[i]!),
          ),
        );
        check(pointwise(op, dtype, pairs.length), data);
      });
    }
  }
  const whole = [0, 1, -1, 2, -3, 7, 31, 255, 46341, 2 ** 31 - 1, -(2 ** 31)];
  for (const dtype of ["int32", "uint8", "bool"] as const) {
    const values = dtype === "bool" ? [0, 1] : dtype === "uint8" ? whole.map((n) => n & 255) : whole;
    for (const op of binaryOps) {
      if (dtype === "bool" && (op === "div" || op === "pow" || op === "mod")) continue;
      test(`${op} of ${dtype}`, () => {
        const small = op === "pow" ? values.filter((n) => Math.abs(n) < 300) : values;
        const all = values.flatMap((x) => small.map((y): [number, number] => [x, y]));
        const data = [0, 1].map((i) =>
          array(
            dtype,
            all.map((pair) => pair[i]!),
          ),
        );
        check(pointwise(op, dtype, all.length), data);
      });
    }
  }
});

test("every cast", () => {
  const dtypes = ["float32", "float64", "int32", "uint8", "bool"] as const;
  for (const from of dtypes) {
    const values =
      from === "bool" ? [0, 1] : [...edges, 255.9, -255.9, 256, 2 ** 31, -(2 ** 31) - 1, 2 ** 40 + 3];
    for (const to of dtypes) check(cast(from, to, values.length), [array(from, values)]);
  }
  expect([
    ...runOn(codegen, cast("float64", "int32", 4), [array("float64", [2.9, -2.9, 2 ** 32 + 5, NaN])])[0]!,
  ]).toEqual([2, -2, 5, 0]);
});

test("pow is IEEE's, not ECMAScript's", () => {
  expect(
    compute("pow", "float64", [1, 1, -1, -1, NaN, 2, -2], [NaN, Infinity, Infinity, -Infinity, 0, NaN, 0.5]),
  ).toEqual([1, 1, 1, 1, 1, NaN, NaN]);
  expect(compute("pow", "int32", [2, 3, -1, -1, 5, 0], [31, 40, -3, -2, -1, 0])).toEqual([
    -(2 ** 31),
    Number(BigInt.asIntN(32, 3n ** 40n)),
    -1,
    1,
    0,
    1,
  ]);
});

test("mod has the sign of the divisor; an integer modulo 0 is 0", () => {
  expect(compute("mod", "float32", [5, -5, 5, -5, 4], [3, 3, -3, -3, 0])).toEqual([2, 1, -1, -2, NaN]);
  expect(compute("mod", "int32", [5, -5, 5, -5, 4, -(2 ** 31)], [3, 3, -3, -3, 0, -1])).toEqual([
    2, 1, -1, -2, 0, 0,
  ]);
});

test("an integer modulo a constant, power of two or not", () => {
  const values = array("int32", [0, 1, -1, 7, -8, 2 ** 31 - 1, -(2 ** 31), 12345, -12345]);
  for (const divisor of [1, 2, 3, 8, -8, 0, 2 ** 24, -(2 ** 31)]) {
    const kernel = pointwise("mod", "int32", values.length);
    const { x } = kernel.outputs[0] as Extract<Expression, { kind: "binary" }>;
    const y: Expression = { kind: "const", dtype: "int32", value: divisor };
    check({ ...kernel, inputs: ["int32"], outputs: [{ kind: "binary", dtype: "int32", op: "mod", x, y }] }, [
      values,
    ]);
  }
});

test("what a dtype does not have is refused when the kernel is compiled", () => {
  for (const backend of backends) {
    expect(() => backend.compile(pointwise("exp", "int32", 3))).toThrow(/exp is not defined for int32/);
    expect(() => backend.compile(pointwise("div", "bool", 3))).toThrow(/div is not defined for bool/);
  }
});

describe("erf", () => {
  // Abramowitz and Stegun, table 7.1, and mpmath for the rest.
  const table = [
    [1e-10, 1.1283791670955126e-10],
    [0.1, 0.1124629160182849],
    [0.3, 0.3286267594591274],
    [0.46875, 0.4926134732179379],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
    [5.5, 0.9999999999999927],
    [7, 1],
  ] as const;
  test("agrees with tables to 1e-15", () => {
    const xs = table.map(([x]) => x);
    compute("erf", "float64", xs).forEach((y, i) => {
      expect(Math.abs(y / table[i]![1] - 1), `erf(${xs[i]})`).toBeLessThan(1e-15);
    });
    compute(
      "erf",
      "float64",
      xs.map((x) => -x),
    ).forEach((y, i) => {
      expect(Math.abs(-y / table[i]![1] - 1), `erf(${-xs[i]!})`).toBeLessThan(1e-15);
    });
  });
  test("agrees with its series and its continued fraction in between", () => {
    const xs = Array.from({ length: 400 }, (_, i) => (i - 200) / 33.3);
    compute("erf", "float64", xs).forEach((y, i) => {
      expect(Math.abs(y - erfReference(xs[i]!)), `erf(${xs[i]})`).toBeLessThan(3e-13);
    });
  });
  test("keeps −0, ±Infinity and NaN", () => {
    expect(compute("erf", "float32", [0, -0, Infinity, -Infinity, NaN])).toEqual([0, -0, 1, -1, NaN]);
  });
});

describe("random numbers", () => {
  const bits = (length: number, offset = 0): MapKernel => ({
    kind: "map",
    shape: [length],
    inputs: ["int32"],
    outputs: [{ kind: "random", dtype: "int32", input: 0, map: { offset, strides: [1], mask: null } }],
    key: "",
  });
  test("are the published vectors of Threefry-2x32-20", () => {
    // Random123's known answers with counter word 1 zero; those of a full counter are core's to test.
    const [out] = runOn(codegen, bits(1), [array("int32", [0, 0])]);
    expect(out![0]! >>> 0).toBe(0x6b200159);
  });
  test("are core's, for any key and counter", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), (k0, k1, offset) => {
        const expected = Array.from({ length: 5 }, (_, i) => threefry2x32(k0, k1, (offset + i) | 0, 0)[0]);
        for (const backend of backends) {
          const [out] = runOn(backend, bits(5, offset), [array("int32", [k0, k1])]);
          expect([...out!]).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });
});
