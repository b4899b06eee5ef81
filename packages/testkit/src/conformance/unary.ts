import { type Dtype, erfinv, type Tensor } from "@chainrule/core";
import { dense, type Dense } from "../reference/dense.ts";
import { map } from "../reference/elementwise.ts";
import * as reference from "../reference/scalar.ts";
import { defaultTolerance } from "../tolerance.ts";
import { check, type ConformanceCase, rounded } from "./case.ts";
import { elementsFor, floats, laidOut, layouts, random, shapes, tensorOf } from "./inputs.ts";

interface Unary {
  readonly scalar: (x: number) => number;
  readonly low?: number;
  readonly high?: number;
  /** Values at which rules of IEEE 754 or the domain's ends show; the usual ones unless said. */
  readonly edges?: readonly number[];
  readonly signedZero?: boolean;
}

const usual = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 30, -30, 100, -100];
const modest = [NaN, 0, -0, 1, -1, 3, -3, 50, -50];

const operations = {
  neg: { scalar: (x) => -x, signedZero: true },
  reciprocal: { scalar: (x) => 1 / x, low: 0.2 },
  abs: { scalar: Math.abs, signedZero: true },
  sign: { scalar: (x) => Math.sign(x), edges: usual.slice(1) },
  sqrt: { scalar: Math.sqrt, low: 0 },
  rsqrt: { scalar: (x) => 1 / Math.sqrt(x), low: 0.2, edges: [NaN, Infinity, 0, 1, 4, -1] },
  square: { scalar: (x) => x * x },
  exp: { scalar: Math.exp },
  log: { scalar: Math.log, low: 0.1 },
  log1p: { scalar: Math.log1p, low: -0.9 },
  expm1: { scalar: Math.expm1 },
  sin: { scalar: Math.sin, edges: modest },
  cos: { scalar: Math.cos, edges: modest },
  tanh: { scalar: Math.tanh },
  sigmoid: { scalar: (x) => 1 / (1 + Math.exp(-x)) },
  logSigmoid: { scalar: (x) => -reference.softplus(-x) },
  erf: { scalar: reference.erf },
  erfinv: { scalar: reference.erfinv, low: -0.9, high: 0.9, edges: [NaN, 0, 1, -1, 0.5, -0.999] },
  relu: { scalar: (x) => (x < 0 ? 0 : x) },
  softplus: { scalar: reference.softplus },
  floor: { scalar: Math.floor, signedZero: true },
  ceil: { scalar: Math.ceil },
  round: { scalar: reference.roundHalfEven },
  trunc: { scalar: Math.trunc },
} satisfies Record<string, Unary>;

type Name = keyof typeof operations;
const entries = Object.entries(operations) as [Name, Unary][];

const applied = (op: Name, x: Tensor): Tensor => (op === "erfinv" ? erfinv(x) : x[op]());

/** One operand in, one of its shape out. */
export function unaryCases(): ConformanceCase[] {
  return [
    ...entries.flatMap(([op, unary]) => floats.flatMap((dtype) => floatCases(op, unary, dtype))),
    ...(["neg", "abs", "sign", "square", "relu"] as const).map((op) => integerCase(op)),
    ...predicateCases(),
  ];
}

function floatCases(op: Name, unary: Unary, dtype: Dtype): ConformanceCase[] {
  const { scalar, low, high, edges = usual, signedZero = false } = unary;
  const one = (label: string, x: Dense, input: () => Tensor): ConformanceCase =>
    check({
      op,
      dtype,
      label,
      actual: () => applied(op, input()),
      expected: () => map(scalar, x),
      signedZero,
    });
  const byShape = Object.entries(shapes)
    // The reference finds erfinv by bisection, which 100,000 times takes seconds.
    .filter(([label]) => label !== "large" || op !== "erfinv")
    .map(([label, shape]) => {
      const x = random(3, shape, dtype, low, high);
      return one(label, x, () => tensorOf(x, dtype));
    });
  const special = dense([edges.length], edges);
  const magnitudes = magnitudesOf(unary);
  const byLayout = layouts.map((layout) => {
    const x = elementsFor(layout, 5, dtype, low, high);
    return one(layout, x, () => laidOut(x, dtype, layout));
  });
  const relative = check({
    op,
    dtype,
    label: "magnitudes",
    actual: () => applied(op, tensorOf(magnitudes, dtype)),
    expected: () => map(scalar, rounding(magnitudes, dtype)),
    tolerance: { rtol: defaultTolerance(dtype).rtol, atol: smallest },
  });
  return [...byShape, relative, one("edges", special, () => tensorOf(special, dtype)), ...byLayout];
}

/** What float32 may flush to zero. */
const smallest = 1e-37;

/** From 10⁻¹² to 1 and of both signs within the domain: the absolute tolerance would hide digits lost there. */
function magnitudesOf({ low = -2 }: Unary): Dense {
  const positive = Array.from({ length: 49 }, (_, i) => 10 ** (-12 + i / 4) * 0.9);
  const values = low < 0 ? [...positive, ...positive.map((v) => -v)] : positive;
  return dense([values.length], values);
}

const rounding = (x: Dense, dtype: Dtype): Dense => map((v) => rounded(dtype, v), x);

function integerCase(op: "neg" | "abs" | "sign" | "square" | "relu"): ConformanceCase {
  const x = random(7, [3, 5], "int32");
  return check({
    op,
    dtype: "int32",
    label: "odd",
    actual: () => tensorOf(x, "int32")[op](),
    expected: () => map(operations[op].scalar, x),
  });
}

function predicateCases(): ConformanceCase[] {
  const predicates = {
    isNaN: Number.isNaN,
    isInf: (x: number) => Math.abs(x) === Infinity,
    isFinite: Number.isFinite,
  };
  const x = dense([usual.length], usual);
  return Object.entries(predicates).flatMap(([op, holds]) =>
    floats.map((dtype) =>
      check({
        op,
        dtype,
        label: "edges",
        result: "bool",
        actual: () => tensorOf(x, dtype)[op as keyof typeof predicates](),
        expected: () => map((v) => Number(holds(v)), x),
      }),
    ),
  );
}
