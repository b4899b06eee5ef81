import { formatNumber } from "../text.ts";

const infix: Readonly<Record<string, string>> = {
  add: "+",
  sub: "−",
  mul: "·",
  div: "/",
  matmul: "@",
  dot: "·",
  mod: "mod",
  less: "<",
  lt: "<",
  lessEqual: "≤",
  greater: ">",
  greaterEqual: "≥",
  equal: "=",
  eq: "=",
  notEqual: "≠",
};

const shown: Readonly<Record<string, (x: string) => string>> = {
  neg: (x) => `−${x}`,
  square: (x) => `${x}²`,
  sqrt: (x) => `√${x}`,
  abs: (x) => `|${x}|`,
  reciprocal: (x) => `1/${x}`,
  transpose: (x) => `${x}ᵀ`,
  sigmoid: (x) => `σ(${x})`,
  sum: (x) => `Σ ${x}`,
  norm: (x) => `‖${x}‖`,
};

/** An operation as it is written by hand, from the names of its inputs: "w · x", "σ(z)", "max(a, b)". */
export function expressionOf(op: string, inputs: readonly string[], settings: readonly unknown[]): string {
  const plain = settings.filter((setting) => setting !== undefined);
  const numbers = plain.every((setting) => typeof setting === "number");
  const operands = [...inputs, ...(numbers ? plain.map((setting) => formatNumber(setting)) : [])];
  const sign = infix[op];
  if (sign !== undefined && operands.length === 2) return `${operands[0]} ${sign} ${operands[1]}`;
  if (op === "pow" && operands.length === 2) return `${operands[0]}^${operands[1]}`;
  const one = inputs.length === 1 && plain.length === 0 ? shown[op] : undefined;
  return one?.(inputs[0]!) ?? `${op}(${[...inputs, ...plain.map(show)].join(", ")})`;
}

const show = (setting: unknown): string =>
  typeof setting === "number" ? formatNumber(setting) : JSON.stringify(setting).replaceAll('"', "");
