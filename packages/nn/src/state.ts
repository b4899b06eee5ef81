import { OptionError, type Tensor, type Variable } from "@chainrule/core";

/** Names that only the module or only the state has. */
export interface LoadReport {
  /** In the module, not in the state. */
  readonly missing: readonly string[];
  /** In the state, not in the module. */
  readonly unexpected: readonly string[];
}

/** Assigns `state` to the variables of the same names: all of it, or with an OptionError nothing. */
export function loadState(
  variables: readonly (readonly [string, Variable])[],
  state: Readonly<Record<string, Tensor>>,
  strict: boolean,
): LoadReport {
  const names = new Set(variables.map(([name]) => name));
  const missing = [...names].filter((name) => !Object.hasOwn(state, name));
  const unexpected = Object.keys(state).filter((name) => !names.has(name));
  const problems: string[] = [];
  if (strict && missing.length > 0) problems.push(`missing: ${missing.join(", ")}`);
  if (strict && unexpected.length > 0) problems.push(`unexpected: ${unexpected.join(", ")}`);
  const loads: [Variable, Tensor][] = [];
  for (const [name, variable] of variables) {
    if (!Object.hasOwn(state, name)) continue;
    const value = state[name]!;
    const [expected, given] = [kindOf(variable), kindOf(value)];
    if (expected !== given) problems.push(`${name}: the module has ${expected}, the state ${given}`);
    loads.push([variable, value]);
  }
  if (problems.length > 0) {
    throw new OptionError(`loadStateDict: nothing was loaded:\n  ${problems.join("\n  ")}`);
  }
  for (const [variable, value] of loads) variable.assign(value);
  return { missing, unexpected };
}

const kindOf = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(", ")}]`;
