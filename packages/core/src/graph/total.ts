import * as g from "./build.ts";
import { isOp, type Node } from "./node.ts";

const isMatrixTransposed = (x: Node): x is Node<"permute"> =>
  isOp(x, "permute") && !x.held && x.shape.length === 2;

/** The one axis along which a node is padded; −1 where that is another number of axes. */
function paddedAxis({ attributes }: Node<"pad">): number {
  const padded = [...attributes.keys()].filter((axis) => attributes[axis]!.some((size) => size > 0));
  return padded.length === 1 ? padded[0]! : -1;
}

/** Parts of a sum with the same kind may have a form without additions. A node that a tensor stands for stays as it is. */
function kindOf(part: Node): string {
  const { op, inputs, shape, held } = part;
  if (held) return "";
  if (op === "reshape") return `reshape ${inputs[0]!.shape.join()}`;
  if (isOp(part, "permute")) return `permute ${part.attributes.join()}`;
  if (isOp(part, "pad")) return `pad ${paddedAxis(part)}`;
  if (isOp(part, "reduce") && part.attributes.op === "sum") return `sum ${part.attributes.axes.join()}`;
  return op === "dot" && shape.length === 2 ? "dot" : "";
}

/** Padded parts that overlap nowhere, one behind the other; null where they do. */
function joinPadded(parts: readonly Node<"pad">[]): Node | null {
  const axis = paddedAxis(parts[0]!);
  if (axis < 0) return null;
  const startOf = (part: Node<"pad">): number => part.attributes[axis]![0];
  const { shape, dtype } = parts[0]!;
  const line: Node[] = [];
  let end = 0;
  const fillTo = (start: number): void => {
    if (start > end) line.push(g.constant(0, shape.with(axis, start - end), dtype));
  };
  for (const part of parts.toSorted((x, y) => startOf(x) - startOf(y))) {
    if (startOf(part) < end) return null;
    fillTo(startOf(part));
    line.push(part.inputs[0]!);
    end = startOf(part) + part.inputs[0]!.shape[axis]!;
  }
  fillTo(shape[axis]!);
  return g.concat(line, axis);
}

/** Matrices along an axis; transposed ones are joined as they lie. */
function alongside(parts: readonly Node[], axis: 0 | 1): Node {
  if (!parts.every(isMatrixTransposed)) return g.concat(parts, axis);
  const lying = parts.map(({ inputs }) => inputs[0]!);
  return g.permute(g.concat(lying, 1 - axis), [1, 0]);
}

/** Σ A·B as one product over all steps, where that reads less than the sum of the products would write. */
function joinProducts(products: readonly Node[]): Node | null {
  const [m, n] = products[0]!.shape as [number, number];
  if (products.some(({ inputs }) => inputs[0]!.shape[1]! * (m + n) > 2 * m * n)) return null;
  // Gradients arrive in the reverse of the order in which what they belong to was computed.
  const inOrder = products.toReversed();
  const operands = (i: number): Node[] => inOrder.map(({ inputs }) => inputs[i]!);
  return g.dot(alongside(operands(0), 1), alongside(operands(1), 0));
}

/** Fewer sums are not worth storing what they add up. */
const manySums = 4;

/** Sums over the same axes as one over all their elements. */
function joinSums(sums: readonly Node<"reduce">[]): Node | null {
  if (sums.length < manySums) return null;
  const { axes } = sums[0]!.attributes;
  const elements = sums.toReversed().map(({ inputs }) => inputs[0]!);
  const rest = ({ shape }: Node): string => shape.with(axes[0]!, 0).join();
  if (elements.some((x) => rest(x) !== rest(elements[0]!))) return null;
  return g.sum(g.concat(elements, axes[0]!), axes);
}

function join(kind: string, parts: readonly Node[]): Node | null {
  if (kind === "" || parts.length === 1) return null;
  if (kind === "dot") return joinProducts(parts);
  if (kind.startsWith("pad")) return joinPadded(parts as Node<"pad">[]);
  if (kind.startsWith("sum")) return joinSums(parts as Node<"reduce">[]);
  const [first] = parts as [Node];
  const inner = total(parts.map(({ inputs }) => inputs[0]!));
  return isOp(first, "permute") ? g.permute(inner, first.attributes) : g.reshape(inner, first.shape);
}

/**
 * The sum of gradients that reach one node. What the parts of a tensor pass back, each padded to the whole, is joined,
 * and products that follow each other, as those of a weight at every step of a sequence, are one.
 */
export function total(parts: readonly Node[]): Node {
  const kinds = [...Map.groupBy(parts, kindOf)];
  const terms = kinds.flatMap(([kind, some]) => join(kind, some) ?? some);
  return terms.reduce((sum, term) => g.add(sum, term));
}
