import { unaryOps, binaryOps, type BinaryOp, type UnaryOp } from "../backend/kernel.ts";
import { isAlias, type Attributes, type Op } from "../graph/node.ts";
import { settleParts } from "./concat.ts";
import { isReadByProducts, layoutOf, moveLayout, productOf } from "./operand.ts";
import { loadOf, moveTerm, padTerm, type Leaf, type Term } from "./term.ts";
import { heavy, movement, type Value } from "./value.ts";
import { View } from "./view.ts";

/** Recomputing a value that costs more than this in each of several kernels is dearer than storing it. */
const storeAbove = 8;

/** A value is stored before its kernel grows past this: kernels stay short to compile, however long the graph. */
const cutAbove = 256;

const unary = new Set<Op>(unaryOps);
const binary = new Set<Op>(binaryOps);
const dear: Partial<Record<Op, number>> = {
  exp: 8,
  log: 8,
  sin: 8,
  cos: 8,
  tanh: 8,
  erf: 8,
  log1p: 8,
  expm1: 8,
  pow: 12,
  div: 2,
  sqrt: 2,
  randomBits: 40,
};

/** What lies under reshapes, transposes and the like. */
function baseOf(value: Value): Value {
  let base = value;
  while (!base.stored && movement.has(base.op)) base = base.inputs[0]!;
  return base;
}

const isSource = (value: Value): boolean => value.op === "const" || value.op === "iota";

function estimateCost(value: Value): void {
  if (value.stored || isSource(value)) return;
  value.cost = dear[value.op] ?? (movement.has(value.op) || isAlias(value.op) ? 0 : 1);
  for (const input of value.inputs) value.cost += input.stored ? 1 : input.cost;
}

/** Stores what kernels read by address, and dear values that a repeat would compute again for each copy. */
function storeOperands(value: Value): void {
  const { op, inputs } = value;
  const base = inputs.length > 0 ? baseOf(inputs[0]!) : value;
  if (op === "dot" || op === "gather") {
    for (const operand of op === "dot" ? inputs : inputs.slice(0, 1)) baseOf(operand).stored = true;
  } else if ((op === "expand" || op === "window") && base.cost >= storeAbove) {
    base.stored = true;
  }
}

/** Whether a value is all that is made of a product, a fold or the like: storing it is storing that. */
const finishes = ({ inputs, size }: Value): boolean =>
  inputs.some((input) => {
    let base = input;
    while (!base.isLeaf && base.op === "reshape" && base.users.length === 1) base = base.inputs[0]!;
    const { op, isRoot, users } = base;
    return heavy.has(op) && op !== "concat" && !isRoot && users.length === 1 && base.size === size;
  });

/**
 * Stores dear values that several kernels would compute, and what those would make of a product each for itself;
 * consumers come before what they consume.
 */
function storeShared(values: readonly Value[]): void {
  const several = Symbol("several kernels");
  const kernelOf = new Map<Value, Value | typeof several | undefined>();
  for (const value of values.toReversed()) {
    if (value.stored) continue;
    let kernel: Value | typeof several | undefined;
    for (const user of value.users) {
      const by = user.stored ? user : kernelOf.get(user);
      if (by === undefined) continue;
      kernel = kernel === undefined || kernel === by ? by : several;
    }
    kernelOf.set(value, kernel);
    if (kernel !== several || movement.has(value.op)) continue;
    if (value.cost >= storeAbove || finishes(value)) value.stored = true;
  }
}

/** The input's elements elsewhere; null where only products read them, which can where no view does. */
function move(value: Value, to: (view: View) => View | null): Term | null {
  const input = value.inputs[0]!;
  const moved = input.stored || input.definition ? moveTerm(input.term, to) : null;
  if (moved !== null) return moved;
  const layout = value.stored ? null : moveLayout(value, layoutOf(input));
  if (layout !== null && isReadByProducts(value, layout)) return null;
  if (input.home !== null) input.needsOwnBuffer = true;
  input.home = null;
  input.stored = true;
  return moveTerm(input.term, to)!;
}

/** A leaf through which the operand is read by address: the operand itself is stored where it has none. */
function operandOf(value: Value): Leaf {
  const { term } = value;
  if (term.kind === "load" && term.view.mask === null) return term;
  value.stored = true;
  return loadOf(value);
}

function define(value: Value): void {
  const { op, inputs, dtype, shape } = value;
  const [x, y, z] = inputs;
  if (unary.has(op)) {
    value.definition = { kind: "unary", op: op as UnaryOp, dtype, x: x!.term };
  } else if (binary.has(op)) {
    value.definition = { kind: "binary", op: op as BinaryOp, dtype, x: x!.term, y: y!.term };
  } else {
    switch (op) {
      case "buffer":
      case "concat":
        break;
      case "const":
        value.definition = { kind: "const", dtype, value: value.attributes as number };
        break;
      case "iota":
        value.definition = { kind: "index", dtype, source: null, view: View.contiguous(shape) };
        break;
      case "randomBits":
        x!.stored = true;
        value.definition = { kind: "random", dtype, source: x!, view: View.contiguous(shape) };
        break;
      case "cast":
        value.definition = { kind: "cast", dtype, x: x!.term };
        break;
      case "where":
        value.definition = { kind: "where", dtype, condition: x!.term, x: y!.term, y: z!.term };
        break;
      case "reshape":
        value.definition = move(value, (view) => view.reshape(shape));
        break;
      case "permute":
        value.definition = move(value, (view) => view.permute(value.attributes as Attributes["permute"]));
        break;
      case "expand":
        value.definition = move(value, (view) => view.expand(shape));
        break;
      case "pad":
        value.definition = padTerm(x!.term, x!.shape, value.attributes as Attributes["pad"]);
        break;
      case "slice": {
        const { starts, steps } = value.attributes as Attributes["slice"];
        value.definition = move(value, (view) => view.slice(starts, shape, steps));
        break;
      }
      case "flip":
        value.definition = move(value, (view) => view.flip(value.attributes as Attributes["flip"]));
        break;
      case "window": {
        const { axis, size, stride, dilation } = value.attributes as Attributes["window"];
        value.definition = move(value, (view) => view.window(axis, size, stride, dilation));
        break;
      }
      case "reduce": {
        const { axes } = value.attributes as Attributes["reduce"];
        const kept = [...x!.shape.keys()].filter((axis) => !axes.includes(axis));
        value.core = {
          kind: "reduce",
          value: moveTerm(x!.term, (view) => view.permute([...kept, ...axes]))!,
        };
        break;
      }
      case "dot":
        value.core = { kind: "dot", ...productOf(x!, y!) };
        break;
      case "gather":
        value.core = { kind: "gather", source: operandOf(x!), index: y!.term };
        break;
      case "scatterAdd":
        value.core = { kind: "scatterAdd", index: x!.term, value: y!.term };
        break;
      // Aliases are values only where a root needs a copy of its own.
      case "stopGradient":
      case "custom":
        value.definition = x!.term;
        break;
    }
  }
}

/** Decides which values get buffers and how each is computed; `values` lists inputs before their users. */
export function defineValues(values: Value[]): void {
  for (const value of values) {
    estimateCost(value);
    if (!value.isLeaf) storeOperands(value);
  }
  storeShared(values);
  // What is stored by now no longer adds to the cost of what is made of it.
  for (const value of values) {
    estimateCost(value);
    if (value.cost > cutAbove && !movement.has(value.op)) value.stored = true;
  }
  storeShared(values);
  // Defining a value may show that one before it has to be stored, which others have taken in by then: once more.
  const countStored = (): number =>
    values.reduce((count, { stored, needsOwnBuffer }) => count + Number(stored) + Number(needsOwnBuffer), 0);
  let stored: number;
  do {
    settleParts(values);
    stored = countStored();
    for (const value of values) if (!value.isLeaf) define(value);
  } while (countStored() > stored);
}
