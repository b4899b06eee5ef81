import type { Dialect } from "./dialect.ts";
import { erfCoefficients, erfEnd } from "./erf.ts";
import { helpers, nameOf, type HelperName, type ValueType } from "./helper.ts";

const limit = "16777216.0";

/** `value` where it is a whole number that floats hold, else NaN. */
const held = (value: string): string => `float r = ${value}; return cr_pick(abs(r) < ${limit}, r, cr_nan());`;

/** Σ coefficients[i]·x^(n − i). */
function horner(x: string, coefficients: readonly number[]): string {
  const [first, ...rest] = coefficients.map(text);
  return rest.reduce((sum, c) => `(${sum} * ${x} + ${c})`, first!);
}

function text(value: number): string {
  const written = String(value);
  return /[.e]/.test(written) ? written : `${written}.0`;
}

/**
 * What the helpers share. WebGL promises little of its own `exp`, `log`, `sin` and `tanh`, and nothing of their ends;
 * these are made of sums and products, which it rounds as IEEE does. Their errors are below 4 units in the last place.
 */
const base: readonly string[] = [
  `float cr_tail(float r) {
  return ${horner("r", [0.00019852762, 0.0013930436, 0.008333361, 0.041666485, 0.16666667, 0.5])};
}`,
  `float cr_exponential(float x) {
  float u = clamp(x, -105.0, 89.0);
  float n = floor(u * 1.44269504 + 0.5);
  float r = (u - n * 0.693145751953125) - n * 1.428606765330187e-6;
  float p = (r * r * cr_tail(r) + r) + 1.0;
  int whole = int(n);
  int part = whole / 2;
  return p * cr_power2(part) * cr_power2(whole - part);
}`,
  `float cr_logTail(float f) {
  float z = f * f;
  float p = ${horner(
    "f",
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  )};
  return f * z * p;
}`,
  `float cr_logarithm(float x) {
  if (cr_isNan(x)) { return x; }
  if (x < 0.0) { return cr_nan(); }
  if (x == 0.0) { return -cr_inf(); }
  if (cr_isInf(x)) { return x; }
  bool tiny = x < 1.1754944e-38;
  float scaled = cr_pick(tiny, x * 16777216.0, x);
  float f = cr_fraction(scaled) - 1.0;
  float e = cr_pick(tiny, -24.0, 0.0) + float(cr_exponent(scaled));
  float y = cr_logTail(f) - 2.12194440e-4 * e;
  y = y - 0.5 * f * f;
  return (f + y) + 0.693359375 * e;
}`,
  `float cr_sineOf(float r) {
  float z = r * r;
  return r + r * z * ${horner("z", [2.718311493989822e-6, -0.00019839334836096632, 0.008333329385889463, -0.16666666641626524])};
}`,
  `float cr_cosineOf(float r) {
  float z = r * r;
  return ${horner("z", [2.439044879627741e-5, -0.001388676377460993, 0.04166662332373906, -0.499999997251031, 1])};
}`,
  `float cr_turned(float x, int quarter) {
  if (cr_isNan(x) || cr_isInf(x)) { return cr_nan(); }
  float n = floor(x * 0.636619772367581 + 0.5);
  float r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549789948768648e-8;
  int q = cr_lowBits(int(n) + quarter);
  float size = cr_pick(q == 1 || q == 3, cr_cosineOf(r), cr_sineOf(r));
  return cr_pick(q >= 2, -size, size);
}`,
  `float cr_powered(float size, float y) {
  bool tiny = size < 1.1754944e-38;
  float scaled = cr_pick(tiny, size * 16777216.0, size);
  float e = float(cr_exponent(scaled)) + cr_pick(tiny, -24.0, 0.0);
  float f = cr_fraction(scaled) - 1.0;
  float high = cr_high(y);
  float t = high * e;
  if (abs(t) > 1000.0) { return cr_pick(t > 0.0, cr_inf(), 0.0); }
  float n = floor(t + 0.5);
  float rest = (t - n) + (y - high) * e;
  float l = f + (cr_logTail(f) - 0.5 * f * f);
  float x = rest * 0.693147180559945 + y * l;
  if (abs(x) > 700.0) { return cr_pick(x > 0.0, cr_inf(), 0.0); }
  float m = floor(x * 1.44269504 + 0.5);
  float r = (x - m * 0.693145751953125) - m * 1.428606765330187e-6;
  int whole = int(clamp(n + m, -260.0, 260.0));
  int part = whole / 2;
  int piece = part / 2;
  float p = (r * r * cr_tail(r) + r) + 1.0;
  return p * cr_power2(piece) * cr_power2(part - piece) * cr_power2((whole - part) / 2) *
    cr_power2(whole - part - (whole - part) / 2);
}`,
];

/** Bodies over x, y, z. */
const bodies: Readonly<Record<HelperName, string>> = {
  whole: "return x;",
  quotient: "return x / y;",
  remainder: "return x - (x / y) * y;",
  // Without branches: of some tens of them in a loop compilers make work for minutes.
  within: "return int(x >= y) * int(x < z);",
  toFloat: "return float(x);",
  toIndex: "return int(floor(x));",
  masked: "return cr_pick(x == 1, y, 0.0);",
  choose: "return cr_pick(x != 0.0, y, z);",
  guard: "return cr_pick(x >= 0.0 && x < float(y), z, cr_nan());",

  neg: "return -x;",
  exp: "if (cr_isNan(x)) { return x; } return cr_exponential(x);",
  log: "return cr_logarithm(x);",
  sin: "if (x == 0.0) { return x; } return cr_turned(x, 0);",
  cos: "return cr_turned(x, 1);",
  sqrt: `if (cr_isNan(x) || x < 0.0) { return cr_nan(); }
  if (x == 0.0 || cr_isInf(x)) { return x; }
  return sqrt(x);`,
  floor: "return floor(x);",
  tanh: `if (cr_isNan(x) || x == 0.0) { return x; }
  float size = abs(x);
  float square = x * x;
  if (size < 0.625) { return x + square * x * ${horner(
    "square",
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  )}; }
  float e = cr_exponential(-2.0 * size);
  float far = (1.0 - e) / (1.0 + e);
  return cr_pick(x < 0.0, -far, far);`,
  erf: `if (cr_isNan(x)) { return x; }
  float u = clamp(x, -${erfEnd}, ${erfEnd});
  float s = u * u * ${2 / erfEnd ** 2} - 1.0;
  return u * ${horner("s", erfCoefficients)};`,
  log1p: `if (x == 0.0) { return x; }
  if (x > -0.29 && x < 0.41) { return x + (cr_logTail(x) - 0.5 * x * x); }
  return cr_logarithm(1.0 + x);`,
  expm1: `if (cr_isNan(x) || x == 0.0) { return x; }
  if (abs(x) < 0.35) { return x + x * x * cr_tail(x); }
  return cr_exponential(x) - 1.0;`,

  add: "return x + y;",
  mul: "return x * y;",
  div: "return x / y;",
  pow: `if (y == 0.0 || x == 1.0) { return 1.0; }
  if (cr_isNan(x) || cr_isNan(y)) { return cr_nan(); }
  float size = abs(x);
  bool isWhole = floor(y) == y;
  bool isOdd = isWhole && abs(y) < ${limit} && fract(y * 0.5) != 0.0;
  float result = size;
  if (cr_isInf(y)) {
    if (size == 1.0) { return 1.0; }
    return cr_pick((size > 1.0) == (y > 0.0), cr_inf(), 0.0);
  }
  if (size == 0.0) { result = cr_pick(y > 0.0, 0.0, cr_inf()); }
  else if (cr_isInf(x)) { result = cr_pick(y > 0.0, cr_inf(), 0.0); }
  else if (x < 0.0 && !isWhole) { return cr_nan(); }
  else if (y == 2.0) { result = size * size; }
  else if (y == 0.5) { result = sqrt(size); }
  else if (y == -1.0) { result = 1.0 / size; }
  else if (y != 1.0) { result = cr_powered(size, y); }
  return cr_pick(cr_isNegative(x) && isOdd, -result, result);`,
  max: `float larger = cr_pick(abs(x) + abs(y) == 0.0, x + y, cr_pick(x > y, x, y));
  return cr_pick(cr_isNan(x), x, cr_pick(cr_isNan(y), y, larger));`,
  mod: `if (y == 0.0 || cr_isNan(x) || cr_isInf(x) || cr_isNan(y)) { return cr_nan(); }
  if (cr_isInf(y)) { return cr_pick(x == 0.0 || ((x < 0.0) == (y < 0.0)), x, y); }
  float r = x - y * floor(x / y);
  if (y > 0.0) {
    if (r < 0.0) { r += y; }
    if (r >= y) { r -= y; }
  } else {
    if (r > 0.0) { r += y; }
    if (r <= y) { r -= y; }
  }
  return r;`,
  // Drivers make a maximum, which passes no NaN on, of a choice between what was compared.
  lt: `float order = cr_pick(x < y, 1.0, 0.0) - cr_pick(x >= y, 1.0, 0.0);
  return cr_pick(order > 0.5, 1.0, 0.0);`,
  eq: "return cr_pick(x == y, 1.0, 0.0);",

  intNeg: held("0.0 - x"),
  intAdd: held("x + y"),
  intMul: held("x * y"),
  intDiv: `if (cr_isNan(x) || cr_isNan(y)) { return cr_nan(); }
  if (y == 0.0) { return 0.0; }
  return float(int(x) / int(y));`,
  intMod: `if (cr_isNan(x) || cr_isNan(y)) { return cr_nan(); }
  if (y == 0.0) { return 0.0; }
  int r = int(x) - (int(x) / int(y)) * int(y);
  if (r != 0 && ((r < 0) != (y < 0.0))) { r += int(y); }
  return float(r);`,
  intPow: `if (cr_isNan(x) || cr_isNan(y)) { return cr_nan(); }
  int low = cr_lowBits(int(y));
  if (x == 1.0 || x == -1.0) { return cr_pick(low == 1 || low == 3, x, 1.0); }
  if (y < 0.0) { return 0.0; }
  float p = 1.0;
  for (int k = 0; k < 25; k++) { if (float(k) < y) { p *= x; } }
  return cr_pick(abs(p) < ${limit}, p, cr_nan());`,
  intLt: "return cr_pick(cr_isNan(x + y), cr_nan(), cr_pick(x < y, 1.0, 0.0));",
  intEq: "return cr_pick(cr_isNan(x + y), cr_nan(), cr_pick(x == y, 1.0, 0.0));",

  wrap: "return x - 256.0 * floor(x / 256.0);",
  truncate: `if (cr_isNan(x) || cr_isInf(x)) { return 0.0; } ${held("trunc(x)")}`,
  truth: "return cr_pick(x == 0.0, 0.0, 1.0);",
  or: "return cr_pick(x != 0.0 || y != 0.0, 1.0, 0.0);",
  and: "return cr_pick(x != 0.0 && y != 0.0, 1.0, 0.0);",
  less: "return cr_pick(x == 0.0 && y != 0.0, 1.0, 0.0);",
};

const keywords: Readonly<Record<ValueType, string>> = { Float: "float", Integer: "int" };

function prototype(helper: HelperName): string {
  const { takes, returns } = helpers[helper];
  const names = ["x", "y", "z"];
  const parameters = takes.map((type, i) => `${keywords[type]} ${names[i]}`);
  return `${keywords[returns]} ${nameOf(helper)}(${parameters.join(", ")})`;
}

/** The functions of a list that a text calls, and those that they call, in their order. */
function neededBy(calls: string, functions: readonly string[]): string[] {
  const needed: string[] = [];
  for (const definition of functions.toReversed()) {
    const [name = ""] = /cr_\w+\(/.exec(definition) ?? [];
    if (!calls.includes(name)) continue;
    needed.unshift(definition);
    calls += definition;
  }
  return needed;
}

/** The helpers that a kernel calls, and what they are made of. */
export function shaderSource(used: ReadonlySet<HelperName>, { natives, spell }: Dialect): string {
  const functions = [...used].map((helper) => `${prototype(helper)} {\n  ${bodies[helper]}\n}`);
  return spell([...neededBy(`${functions.join()} cr_bits(`, [...natives, ...base]), ...functions].join("\n"));
}

/** Of the pixel that a WebGL shader computes. */
export const fragmentPosition =
  "int cr_position(int width) { return int(gl_FragCoord.y) * width + int(gl_FragCoord.x); }";

/** A function whose body `shaderSource` brings, as `createKernel` takes it. */
export interface NativeFunction {
  readonly name: string;
  readonly source: string;
  readonly argumentTypes: Readonly<Record<string, string>>;
  readonly returnType: string;
}

/** What gpu.js has to know of the functions in `shaderSource` to type the calls. */
export function nativeFunctions(used: ReadonlySet<HelperName>, isDeclared: boolean): NativeFunction[] {
  const declare = (
    name: string,
    source: string,
    returnType: ValueType,
    ...takes: readonly ValueType[]
  ): NativeFunction => ({
    name,
    source: isDeclared ? `${source};` : "",
    argumentTypes: Object.fromEntries(takes.map((type, i) => [["x", "y", "z"][i]!, type])),
    returnType,
  });
  return [
    declare("cr_bits", "float cr_bits(int high, int low)", "Float", "Integer", "Integer"),
    declare("cr_position", "int cr_position(int width)", "Integer", "Integer"),
    ...[...used].map((helper) =>
      declare(nameOf(helper), prototype(helper), helpers[helper].returns, ...helpers[helper].takes),
    ),
  ];
}
