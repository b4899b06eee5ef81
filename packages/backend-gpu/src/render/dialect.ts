/*
 * The helpers of shaders are written once, in what GLSL and WGSL have in common: declarations, conversions and heads
 * of functions as GLSL has them, braces around every branch, and in place of what differs the functions below.
 */

/** A shading language: its own words for what the helpers are made of, and how it spells their text. */
export interface Dialect {
  /** One function each: its name, and its text with those that it calls listed before it. */
  readonly natives: readonly string[];
  readonly spell: (text: string) => string;
}

/** Built from the parts of a float's 32 bits, where the language shows no bits: each step is exact. */
const bitsByArithmetic: readonly string[] = [
  // Of constants alone a compiler would make something finite.
  "float cr_zero() { return gl_FragCoord.x - gl_FragCoord.x; }",
  "float cr_inf() { return 1.0 / cr_zero(); }",
  "float cr_nan() { return cr_zero() / cr_zero(); }",
  "bool cr_isNan(float x) { return (x <= 0.0 ? 1.0 : 0.0) + (x >= 0.0 ? 1.0 : 0.0) < 0.5; }",
  "bool cr_isInf(float x) { return abs(x) > 3.4028234e38; }",
  "bool cr_isNegative(float x) { return x < 0.0 || (x == 0.0 && 1.0 / x < 0.0); }",
  `float cr_power2(int n) {
  float p = 1.0;
  float factor = n < 0 ? 0.5 : 2.0;
  float rest = abs(float(n));
  for (int k = 0; k < 7; k++) {
    float halved = floor(rest * 0.5);
    if (rest - 2.0 * halved > 0.0) { p *= factor; }
    rest = halved;
    if (rest > 0.0) { factor *= factor; }
  }
  return p;
}`,
  `int cr_exponent(float x) {
  float f = x;
  int e = 0;
  ${[64, 32, 16, 8, 4, 2, 1]
    .map((n) => {
      const repeated = n === 64 ? 2 : 1;
      const [large, small] = [2 ** n, 2 ** -n].map((value) => value.toExponential(17));
      return (
        `if (f >= ${large}) { f *= ${small}; e += ${n}; } `.repeat(repeated) +
        `if (f < ${(2 ** (1 - n)).toExponential(17)}) { f *= ${large}; e -= ${n}; } `.repeat(repeated)
      );
    })
    .join("\n  ")}
  if (f >= 2.0) { f *= 0.5; e += 1; }
  if (f < 1.0) { f *= 2.0; e -= 1; }
  return f >= 1.41421356 ? e + 1 : e;
}`,
  "float cr_fraction(float x) { int e = cr_exponent(x); return (x * cr_power2(-(e / 2))) * cr_power2(-(e - e / 2)); }",
  `float cr_high(float x) {
  if (x == 0.0 || cr_isInf(x)) { return x; }
  float unit = cr_power2(cr_exponent(abs(x)) - 8);
  return floor(x / unit) * unit;
}`,
  "int cr_lowBits(int q) { return q - 4 * int(floor(float(q) / 4.0)); }",
  `float cr_bits(int high, int low) {
  bool negative = high >= 32768;
  int rest = negative ? high - 32768 : high;
  int e = rest / 128;
  float m = float(rest - 128 * e) * 65536.0 + float(low);
  float size = 0.0;
  if (e == 255) { size = m > 0.0 ? cr_nan() : cr_inf(); }
  else if (e == 0) { size = (m * cr_power2(-75)) * cr_power2(-74); }
  else { int n = e - 150; size = ((m + 8388608.0) * cr_power2(n / 2)) * cr_power2(n - n / 2); }
  return negative ? -size : size;
}`,
  "float cr_pick(bool which, float x, float y) { return which ? x : y; }",
];

/** The same where a float's bits can be seen and set. */
const bits: readonly string[] = [
  "float cr_bits(int high, int low) { return intBitsToFloat((high << 16u) | low); }",
  "float cr_nan() { int b = 0x7fc00000; return intBitsToFloat(b); }",
  "float cr_inf() { int b = 0x7f800000; return intBitsToFloat(b); }",
  "bool cr_isNan(float x) { return (floatBitsToInt(x) & 0x7fffffff) > 0x7f800000; }",
  "bool cr_isInf(float x) { return (floatBitsToInt(x) & 0x7fffffff) == 0x7f800000; }",
  "bool cr_isNegative(float x) { return floatBitsToInt(x) < 0; }",
  "float cr_power2(int n) { return intBitsToFloat((n + 127) << 23u); }",
  "int cr_exponent(float x) { return (floatBitsToInt(x) - 0x3f3504f3) >> 23u; }",
  `float cr_fraction(float x) {
  return intBitsToFloat(((floatBitsToInt(x) - 0x3f3504f3) & 0x7fffff) + 0x3f3504f3);
}`,
  "float cr_high(float x) { return intBitsToFloat(floatBitsToInt(x) & -65536); }",
  "int cr_lowBits(int q) { return q & 3; }",
];

const same = (text: string): string => text;

/** GLSL ES 1.00, that of WebGL1. */
export const glsl100: Dialect = { natives: bitsByArithmetic, spell: same };

/** GLSL ES 3.00, that of WebGL2. */
export const glsl300: Dialect = {
  natives: [...bits, "float cr_pick(bool which, float x, float y) { return which ? x : y; }"],
  spell: same,
};

const wgslTypes: Readonly<Record<string, string>> = { float: "f32", int: "i32", bool: "bool" };

/** WGSL, that of WebGPU. */
export const wgsl: Dialect = {
  natives: [...bits, "float cr_pick(bool which, float x, float y) { return select(y, x, which); }"],
  spell: (text) =>
    text
      .replaceAll(/\b(float|int|bool) (cr_\w+)\(([^)]*)\)( \{|;)/g, (_, type, name, parameters, end) => {
        const typed = String(parameters).replaceAll(
          /(\w+) (\w+)/g,
          (_all, kind, parameter) => `${parameter} : ${wgslTypes[kind]}`,
        );
        return `fn ${name}(${typed}) -> ${wgslTypes[type]}${end}`;
      })
      .replaceAll(
        /\b(float|int|bool) (\w+)( =|;)/g,
        (_, type, name, end) => `var ${name} : ${wgslTypes[type]}${end}`,
      )
      .replaceAll(/\b(float|int)\(/g, (_, type) => `${wgslTypes[type]}(`)
      .replaceAll("floatBitsToInt(", "bitcast<i32>(")
      .replaceAll("intBitsToFloat(", "bitcast<f32>("),
};
