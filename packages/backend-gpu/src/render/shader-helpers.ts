import { erfCoefficients, erfEnd } from "./erf.ts";
import { helpers, nameOf, type HelperName, type ValueType } from "./helper.ts";

const limit = "16777216.0";

/** `value` where it is a whole number that floats hold, else NaN. */
const held = (value: string): string => `float r = ${value}; return abs(r) < ${limit} ? r : cr_nan();`;

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
  `float cr_bits(int high, int low) { return intBitsToFloat((high << 16) | low); }`,
  `float cr_nan() { return intBitsToFloat(0x7fc00000); }`,
  `float cr_inf() { return intBitsToFloat(0x7f800000); }`,
  `float cr_power2(int n) { return intBitsToFloat((n + 127) << 23); }`,
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
  if (isnan(x)) return x;
  if (x < 0.0) return cr_nan();
  if (x == 0.0) return -cr_inf();
  if (isinf(x)) return x;
  float scaled = x < 1.1754944e-38 ? x * 16777216.0 : x;
  float e = x < 1.1754944e-38 ? -24.0 : 0.0;
  int bits = floatBitsToInt(scaled) - 0x3f3504f3;
  int k = bits >> 23;
  float f = intBitsToFloat((bits & 0x7fffff) + 0x3f3504f3) - 1.0;
  e += float(k);
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
  if (isnan(x) || isinf(x)) return cr_nan();
  float n = floor(x * 0.636619772367581 + 0.5);
  float r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549789948768648e-8;
  int q = int(n) + quarter;
  float size = (q & 1) == 1 ? cr_cosineOf(r) : cr_sineOf(r);
  return (q & 2) == 2 ? -size : size;
}`,
  `float cr_powered(float size, float y) {
  int bits = floatBitsToInt(size < 1.1754944e-38 ? size * 16777216.0 : size) - 0x3f3504f3;
  float e = float(bits >> 23) + (size < 1.1754944e-38 ? -24.0 : 0.0);
  float f = intBitsToFloat((bits & 0x7fffff) + 0x3f3504f3) - 1.0;
  float high = intBitsToFloat(floatBitsToInt(y) & -65536);
  float t = high * e;
  if (abs(t) > 1000.0) return (t > 0.0) ? cr_inf() : 0.0;
  float n = floor(t + 0.5);
  float rest = (t - n) + (y - high) * e;
  float l = f + (cr_logTail(f) - 0.5 * f * f);
  float x = rest * 0.693147180559945 + y * l;
  if (abs(x) > 700.0) return x > 0.0 ? cr_inf() : 0.0;
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
  within: "return (x >= y && x < z) ? 1 : 0;",
  toFloat: "return float(x);",
  toIndex: "return int(floor(x));",
  masked: "return x == 1 ? y : 0.0;",
  choose: "return x != 0.0 ? y : z;",
  guard: "return (x >= 0.0 && x < float(y)) ? z : cr_nan();",

  neg: "return -x;",
  exp: "if (isnan(x)) return x; return cr_exponential(x);",
  log: "return cr_logarithm(x);",
  sin: "if (x == 0.0) return x; return cr_turned(x, 0);",
  cos: "return cr_turned(x, 1);",
  sqrt: "if (x == 0.0 || isnan(x) || isinf(x)) return x < 0.0 ? cr_nan() : x; return x < 0.0 ? cr_nan() : sqrt(x);",
  floor: "return floor(x);",
  tanh: `if (isnan(x) || x == 0.0) return x;
  float size = abs(x);
  float square = x * x;
  if (size < 0.625) return x + square * x * ${horner(
    "square",
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  )};
  float e = cr_exponential(-2.0 * size);
  float far = (1.0 - e) / (1.0 + e);
  return x < 0.0 ? -far : far;`,
  erf: `if (isnan(x)) return x;
  float u = clamp(x, -${erfEnd}, ${erfEnd});
  float s = u * u * ${2 / erfEnd ** 2} - 1.0;
  return u * ${horner("s", erfCoefficients)};`,
  log1p: `if (x == 0.0) return x;
  if (x > -0.29 && x < 0.41) return x + (cr_logTail(x) - 0.5 * x * x);
  return cr_logarithm(1.0 + x);`,
  expm1: `if (isnan(x) || x == 0.0) return x;
  if (abs(x) < 0.35) return x + x * x * cr_tail(x);
  return cr_exponential(x) - 1.0;`,

  add: "return x + y;",
  mul: "return x * y;",
  div: "return x / y;",
  pow: `if (y == 0.0 || x == 1.0) return 1.0;
  if (isnan(x) || isnan(y)) return cr_nan();
  float size = abs(x);
  bool isWhole = floor(y) == y;
  bool isOdd = isWhole && abs(y) < ${limit} && fract(y * 0.5) != 0.0;
  float result;
  if (isinf(y)) return size == 1.0 ? 1.0 : ((size > 1.0) == (y > 0.0) ? cr_inf() : 0.0);
  if (size == 0.0) result = y > 0.0 ? 0.0 : cr_inf();
  else if (isinf(x)) result = y > 0.0 ? cr_inf() : 0.0;
  else if (x < 0.0 && !isWhole) return cr_nan();
  else if (y == 1.0) result = size;
  else if (y == 2.0) result = size * size;
  else if (y == 0.5) result = sqrt(size);
  else if (y == -1.0) result = 1.0 / size;
  else result = cr_powered(size, y);
  return (floatBitsToInt(x) < 0 && isOdd) ? -result : result;`,
  max: "if (isnan(x)) return x; if (isnan(y)) return y; if (x == 0.0 && y == 0.0) return x + y; return x > y ? x : y;",
  mod: `if (y == 0.0 || isnan(x) || isinf(x) || isnan(y)) return cr_nan();
  if (isinf(y)) return (x == 0.0 || (x < 0.0) == (y < 0.0)) ? x : y;
  float r = x - y * floor(x / y);
  if (y > 0.0) { if (r < 0.0) r += y; if (r >= y) r -= y; }
  else { if (r > 0.0) r += y; if (r <= y) r -= y; }
  return r;`,
  lt: "return x < y ? 1.0 : 0.0;",
  eq: "return x == y ? 1.0 : 0.0;",

  intNeg: held("0.0 - x"),
  intAdd: held("x + y"),
  intMul: held("x * y"),
  intDiv: "if (isnan(x) || isnan(y)) return cr_nan(); return y == 0.0 ? 0.0 : float(int(x) / int(y));",
  intMod: `if (isnan(x) || isnan(y)) return cr_nan();
  if (y == 0.0) return 0.0;
  int r = int(x) - (int(x) / int(y)) * int(y);
  if (r != 0 && ((r < 0) != (y < 0.0))) r += int(y);
  return float(r);`,
  intPow: `if (isnan(x) || isnan(y)) return cr_nan();
  float one = (int(y) & 1) == 1 ? x : 1.0;
  if (x == 1.0 || x == -1.0) return one;
  if (y < 0.0) return 0.0;
  float p = 1.0;
  for (int k = 0; k < 25; k++) { if (float(k) < y) p *= x; }
  return abs(p) < ${limit} ? p : cr_nan();`,
  intLt: "return (isnan(x) || isnan(y)) ? cr_nan() : (x < y ? 1.0 : 0.0);",
  intEq: "return (isnan(x) || isnan(y)) ? cr_nan() : (x == y ? 1.0 : 0.0);",

  wrap: "return x - 256.0 * floor(x / 256.0);",
  truncate: `if (isnan(x) || isinf(x)) return 0.0; ${held("trunc(x)")}`,
  truth: "return x == 0.0 ? 0.0 : 1.0;",
  or: "return (x != 0.0 || y != 0.0) ? 1.0 : 0.0;",
  and: "return (x != 0.0 && y != 0.0) ? 1.0 : 0.0;",
  less: "return (x == 0.0 && y != 0.0) ? 1.0 : 0.0;",
};

const keywords: Readonly<Record<ValueType, string>> = { Float: "float", Integer: "int" };

function prototype(helper: HelperName): string {
  const { takes, returns } = helpers[helper];
  const names = ["x", "y", "z"];
  const parameters = takes.map((type, i) => `${keywords[type]} ${names[i]}`);
  return `${keywords[returns]} ${nameOf(helper)}(${parameters.join(", ")})`;
}

/** The functions of `base` that a text calls, and those that they call, in their order. */
function neededBy(calls: string): string[] {
  const needed: string[] = [];
  for (const definition of base.toReversed()) {
    const [name = ""] = /cr_\w+\(/.exec(definition) ?? [];
    if (!calls.includes(name)) continue;
    needed.unshift(definition);
    calls += definition;
  }
  return needed;
}

/** GLSL for the helpers that a kernel calls. */
export function shaderSource(used: ReadonlySet<HelperName>): string {
  const position = "int cr_position(int width) { return int(gl_FragCoord.y) * width + int(gl_FragCoord.x); }";
  const functions = [...used].map((helper) => `${prototype(helper)} {\n  ${bodies[helper]}\n}`);
  return [...neededBy(`${functions.join()} cr_bits(`), position, ...functions].join("\n");
}

/** A function whose body `shaderSource` brings, as `createKernel` takes it. */
export interface NativeFunction {
  readonly name: string;
  readonly source: string;
  readonly argumentTypes: Readonly<Record<string, string>>;
  readonly returnType: string;
}

/** What gpu.js has to know of the functions in `shaderSource` to type the calls. */
export function nativeFunctions(used: ReadonlySet<HelperName>): NativeFunction[] {
  const declare = (
    name: string,
    source: string,
    returnType: ValueType,
    ...takes: readonly ValueType[]
  ): NativeFunction => ({
    name,
    source: `${source};`,
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
