import { erfCoefficients, erfEnd } from "./erf.ts";
import { helpers, nameOf, type HelperName } from "./helper.ts";

/** 2²⁴: from here on floats skip whole numbers. */
const limit = 2 ** 24;

const nan = "(x - x) / (x - x)";

/** Gives `value` where it is a whole number that floats hold, else NaN. `x` and `y` are what it was made of. */
const held = (value: string): string =>
  `const r = ${value}; if (r > -${limit} && r < ${limit}) return r; return (r - r) / (r - r);`;

/** Bodies over x, y, z. Results are rounded at once, as in the other modes, where gpu.js computes in float32. */
const bodies: Readonly<Record<HelperName, string>> = {
  whole: "return x;",
  quotient: "return Math.floor(x / y);",
  remainder: "const q = Math.floor(x / y); return x - q * y;",
  within: "if (x < y) return 0; if (x >= z) return 0; return 1;",
  toFloat: "return x;",
  toIndex: "return Math.floor(x);",
  masked: "if (x === 1) return y; return 0;",
  choose: "if (x !== 0) return y; return z;",
  guard: "if (x >= 0 && x < y) return z; return (x - x) / (x - x);",

  neg: "return -x;",
  exp: "return Math.fround(Math.exp(x));",
  log: "return Math.fround(Math.log(x));",
  sin: "return Math.fround(Math.sin(x));",
  cos: "return Math.fround(Math.cos(x));",
  sqrt: "return Math.fround(Math.sqrt(x));",
  floor: "return Math.floor(x);",
  tanh: "return Math.fround(Math.tanh(x));",
  erf: erfBody(),
  log1p: "return Math.fround(Math.log1p(x));",
  expm1: "return Math.fround(Math.expm1(x));",

  add: "return Math.fround(x + y);",
  mul: "return Math.fround(x * y);",
  div: "return Math.fround(x / y);",
  pow: `if (x === 1) return 1; if (x === -1 && y !== 0 && (y + y) === y) return 1; return Math.fround(Math.pow(x, y));`,
  max: "if (x !== x) return x; if (y > x || y !== y) return y; if (x === 0 && y === 0) return x + y; return x;",
  mod:
    `if (y === 0 || x - x !== 0 || y !== y) return (x - x) / ((x - x) * 0); ` +
    `if (y - y !== 0) { if (x === 0 || (x < 0) === (y < 0)) return x; return y; } ` +
    `let r = Math.fround(x - y * Math.floor(x / y)); ` +
    `if (y > 0 && r < 0) r = Math.fround(r + y); if (y > 0 && r >= y) r = Math.fround(r - y); ` +
    `if (y < 0 && r > 0) r = Math.fround(r + y); if (y < 0 && r <= y) r = Math.fround(r - y); return r;`,
  lt: "if (x < y) return 1; return 0;",
  eq: "if (x === y) return 1; return 0;",

  intNeg: held("0 - x"),
  intAdd: held("x + y"),
  intMul: held("x * y"),
  intDiv: `if (y === 0) return 0; ${held("Math.trunc(x / y)")}`,
  intMod: `if (y === 0) return 0; ${held("x - y * Math.floor(x / y)")}`,
  intPow:
    `if (y < 0) { if (x === 1) return 1; if (x === -1) { if (y - 2 * Math.floor(y / 2) === 0) return 1; return -1; } ` +
    `return 0; } if (x === 1) return 1; if (x === -1) { if (y - 2 * Math.floor(y / 2) === 0) return 1; return -1; } ` +
    `let p = 1; for (let k = 0; k < 25; k++) { if (k < y) { p = p * x; } } ${held("p")}`,
  intLt: `if (x !== x || y !== y) return ${nan}; if (x < y) return 1; return 0;`,
  intEq: `if (x !== x || y !== y) return x + y; if (x === y) return 1; return 0;`,

  wrap: "return x - 256 * Math.floor(x / 256);",
  truncate: `if (x - x !== 0) return 0; ${held("Math.trunc(x)")}`,
  truth: "if (x === 0) return 0; return 1;",
  or: "if (x !== 0) return 1; if (y !== 0) return 1; return 0;",
  and: "if (x === 0) return 0; if (y === 0) return 0; return 1;",
  less: "if (x !== 0) return 0; if (y === 0) return 0; return 1;",
};

/** erf x = x·p(x²), the coefficients those of a polynomial in x² centred on the interval. */
function erfBody(): string {
  const scale = 2 / erfEnd ** 2;
  const [first, ...rest] = erfCoefficients;
  const horner = rest.map((c) => `p = p * s ${c < 0 ? "-" : "+"} ${Math.abs(c)};`).join(" ");
  return (
    `if (x !== x) return x; let u = x; if (u > ${erfEnd}) u = ${erfEnd}; if (u < -${erfEnd}) u = -${erfEnd}; ` +
    `const s = u * u * ${scale} - 1; let p = ${first}; ${horner} return Math.fround(u * p);`
  );
}

/** A function as `createKernel` takes it. */
export interface ScriptFunction {
  readonly source: string;
  readonly settings: {
    readonly argumentTypes: Readonly<Record<string, string>>;
    readonly returnType: string;
  };
}

/** All helpers as JavaScript; gpu.js keeps those that a kernel calls. */
export function scriptFunctions(): ScriptFunction[] {
  return (Object.keys(helpers) as HelperName[]).map((helper) => {
    const { takes, returns } = helpers[helper];
    const names = ["x", "y", "z"].slice(0, takes.length);
    return {
      source: `function ${nameOf(helper)}(${names.join(", ")}) { ${bodies[helper]} }`,
      settings: {
        argumentTypes: Object.fromEntries(names.map((name, i) => [name, takes[i]!])),
        returnType: returns,
      },
    };
  });
}
