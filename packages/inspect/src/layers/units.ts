import type { Shape } from "@chainrule/core";
import {
  type AnyModule,
  ELU,
  GELU,
  HardSigmoid,
  HardSwish,
  LeakyReLU,
  Mish,
  PReLU,
  ReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softplus,
  Tanh,
} from "@chainrule/nn";

/** Activations that work element by element, and have a slope where they are alive. */
const elementwise = [
  ReLU,
  LeakyReLU,
  PReLU,
  ELU,
  SELU,
  GELU,
  SiLU,
  Mish,
  Softplus,
  HardSwish,
  HardSigmoid,
  Sigmoid,
  Tanh,
] as const;

/** Activations that flatten on both sides, with the slope at their steepest. */
const flattening = [
  [Sigmoid, 1 / 4],
  [HardSigmoid, 1 / 6],
  [Tanh, 1],
] as const;

/** Whether units of a module are judged by the slope of its function. */
export const isActivation = (module: AnyModule): boolean =>
  elementwise.some((kind) => module instanceof kind);

/** The steepest slope of an activation that saturates; null for all other modules. */
export const steepestSlope = (module: AnyModule): number | null =>
  flattening.find(([kind]) => module instanceof kind)?.[1] ?? null;

/** Whether units that only give zeros may be dead: an affine map's are not, whose slope does not depend on its output. */
export const mayHaveDeadUnits = (module: AnyModule): boolean =>
  module.children().length > 0 || module.parameters().length === 0;

/** The axis that counts a layer's units: channels of images, else features. */
const unitAxis = (shape: Shape): number => (shape.length >= 3 ? 1 : shape.length - 1);

/** For each unit whether all its elements, over the whole batch, are zero. */
export function zeroUnits(values: ArrayLike<number>, shape: Shape): boolean[] {
  const axis = unitAxis(shape);
  const units = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const zero = Array.from({ length: units }, () => true);
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== 0) zero[Math.floor(i / inner) % units] = false;
  }
  return zero;
}

/** Whether examples, along the first axis, differ. */
export function varies(values: ArrayLike<number>, [examples = 1]: Shape): boolean {
  const each = values.length / examples;
  for (let i = each; i < values.length; i++) if (values[i] !== values[i % each]) return true;
  return false;
}

/** Below this share of the steepest slope an element counts as saturated. */
const flat = 0.05;

/** The share of elements whose slope is below 5 % of the steepest. */
export function saturatedShare(slopes: ArrayLike<number>, steepest: number): number {
  let count = 0;
  for (let i = 0; i < slopes.length; i++) if (Math.abs(slopes[i]!) < flat * steepest) count++;
  return count / slopes.length;
}
