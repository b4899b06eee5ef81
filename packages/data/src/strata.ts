import { OptionError } from "@chainrule/core";

/** The examples of each class, classes in ascending order. */
export type Strata = ReadonlyMap<number, Int32Array>;

/**
 * Examples by class.
 *
 * @throws OptionError where labels and examples differ in number, there is one class only, or a class has fewer than
 * `least` examples; it names the class.
 */
export function strataOf(what: string, labels: ArrayLike<number>, count: number, least: number): Strata {
  if (labels.length !== count) {
    throw new OptionError(`${what}: ${labels.length} labels to stratify by for ${count} examples`);
  }
  const members = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const list = members.get(labels[i]!);
    if (list) list.push(i);
    else members.set(labels[i]!, [i]);
  }
  const classes = [...members.keys()].sort((a, b) => a - b);
  if (classes.length < 2) {
    const only = classes.length === 0 ? "no class at all" : `one class only, ${classes[0]}`;
    throw new OptionError(`${what}: there is ${only}, which cannot be stratified; do not stratify`);
  }
  for (const label of classes) {
    const size = members.get(label)!.length;
    if (size < least) {
      throw new OptionError(
        `${what}: class ${label} has ${size} ${size === 1 ? "example" : "examples"}, and each of ${least} parts needs one; ` +
          `take fewer parts, or do not stratify`,
      );
    }
  }
  return new Map(classes.map((label) => [label, Int32Array.from(members.get(label)!)]));
}

/** Elements in an order that a permutation gives. */
export const reorder = (values: Int32Array, order: Int32Array): Int32Array => order.map((i) => values[i]!);
