import { OptionError } from "@chainrule/core";

/**
 * The names of a graph's nodes, each after all that it takes; otherwise in the order of listing.
 *
 * @param taken for each node, the names of what it takes.
 * @throws OptionError for an unknown, repeated or unfit name, or a cycle.
 */
export function inOrder(
  taken: Readonly<Record<string, readonly string[]>>,
  inputs: readonly string[],
): string[] {
  checkNames(taken, inputs);
  const order: string[] = [];
  const path: string[] = [];
  const visit = (name: string): void => {
    if (inputs.includes(name) || order.includes(name)) return;
    if (path.includes(name)) {
      const cycle = [...path.slice(path.indexOf(name)), name].toReversed();
      throw new OptionError(`Graph: the nodes take each other in a circle: ${cycle.join(" → ")}`);
    }
    path.push(name);
    for (const source of taken[name]!) visit(source);
    path.pop();
    order.push(name);
  };
  for (const name of Object.keys(taken)) visit(name);
  return order;
}

function checkNames(taken: Readonly<Record<string, readonly string[]>>, inputs: readonly string[]): void {
  const names = Object.keys(taken);
  if (names.length === 0) throw new OptionError("Graph: there must be at least one node");
  const all = [...inputs, ...names];
  const repeated = all.find((name, i) => all.indexOf(name) !== i);
  if (repeated !== undefined) throw new OptionError(`Graph: two inputs or nodes are named "${repeated}"`);
  const unfit = all.find((name) => name === "" || name.includes("."));
  if (unfit !== undefined) {
    throw new OptionError(
      `Graph: a name is not empty and has no dot, which parts parameter names: "${unfit}"`,
    );
  }
  for (const [name, sources] of Object.entries(taken)) {
    const unknown = sources.find((source) => !all.includes(source));
    if (unknown !== undefined) {
      throw new OptionError(`Graph: "${name}" takes "${unknown}", and there are only ${all.join(", ")}`);
    }
  }
}
