import { hostMath } from "@chainrule/core";

const { exp, log, sin, cos, tanh, log1p, expm1 } = Math;

/** Functions of float64 numbers that emitted code calls by name. */
export const hostFunctions: Readonly<Record<string, (x: number, y: number) => number>> = {
  exp,
  log,
  sin,
  cos,
  tanh,
  log1p,
  expm1,
  ...hostMath,
};
