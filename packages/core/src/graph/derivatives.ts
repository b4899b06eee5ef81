import type { ReduceOp } from "../backend/kernel.ts";
import { isFloat } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import * as g from "./build.ts";
import { isOp, type Attributes, type Node, type Op } from "./node.ts";

/** The gradient that reaches one input, from the gradient of the node's own value; null where none does. */
type Rule<O extends Op> = (upstream: Node, node: Node<O>) => Node | null;

/** One rule an input, in order; an operation without rules stops gradients. */
type Rules = { readonly [O in Op]: readonly Rule<O>[] };

const none = (): null => null;
const half = (x: Node): Node => g.mul(x, g.constantLike(x, 0.5));
const zero = (x: Node): Node => g.constantLike(x, 0);

/** Puts back the folded axes, as repeats. */
function unfold(x: Node, axes: readonly number[], shape: Shape): Node {
  return g.expand(
    g.reshape(
      x,
      shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    ),
    shape,
  );
}

const swapLast = (x: Node): Node => {
  const rank = x.shape.length;
  return g.permute(
    x,
    [...x.shape.keys()].map((axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis)),
  );
};

/**
 * For each factor along the last axis the product of all others, pair by pair: what is beside a pair, times the
 * factor's partner in it. Linear in the number of factors, and exact at zeros in every order of derivative.
 */
function productOfOthers(x: Node): Node {
  const head = x.shape.slice(0, -1);
  const count = x.shape.at(-1)!;
  if (count === 1) return g.constantLike(x, 1);
  const half = Math.ceil(count / 2);
  const fill = [...head.map((): [number, number] => [0, 0]), [0, 2 * half - count] as const];
  const isFactor = g.pad(g.constant(1, x.shape, "bool"), fill);
  const padded = g.pad(x, fill);
  const even = g.where(isFactor, padded, g.constantLike(padded, 1));
  const pairs = g.reshape(even, [...head, half, 2]);
  const rank = pairs.shape.length;
  const beside = productOfOthers(g.reduce("prod", pairs, [rank - 1]));
  const others = g.mul(
    g.flip(pairs, [rank - 1]),
    g.expand(g.reshape(beside, [...head, half, 1]), pairs.shape),
  );
  const line = g.reshape(others, padded.shape);
  return g.slice(
    line,
    x.shape.map(() => 0),
    x.shape,
    x.shape.map(() => 1),
  );
}

/** `productOfOthers` over several axes. */
function productOfOthersOver(x: Node, axes: readonly number[], count: number): Node {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const moved = g.permute(x, order);
  const others = productOfOthers(g.reshape(moved, [...kept.map((axis) => x.shape[axis]!), count]));
  return g.permute(
    g.reshape(others, moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

const isTransposed = (x: Node): boolean => {
  const rank = x.shape.length;
  return isOp(x, "permute") && x.attributes[rank - 1] === rank - 2 && x.attributes[rank - 2] === rank - 1;
};

/** What each fold passes back to the elements `x` that it folded to `y` (unfolded here to the shape of `x`). */
const foldRules: {
  readonly [R in ReduceOp]: (upstream: Node, x: Node, y: Node, axes: readonly number[]) => Node;
} = {
  sum: (upstream) => upstream,
  /** Equal shares to all that are largest, as PyTorch's amax. */
  max: (upstream, x, y, axes) => {
    const ties = g.cast(g.eq(x, y), x.dtype);
    return g.mul(upstream, g.div(ties, unfold(g.sum(ties, axes), axes, x.shape)));
  },
  prod: (upstream, x, _, axes) => {
    const count = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
    return g.mul(upstream, productOfOthersOver(x, axes, count));
  },
};

/** Spreads the gradient of a strided slice back: zeros between the elements taken, then around them. */
function unslice(upstream: Node, { attributes, inputs }: Node<"slice">): Node {
  const shape = inputs[0]!.shape;
  let x = upstream;
  attributes.steps.forEach((step, axis) => {
    const size = x.shape[axis]!;
    if (step === 1 || size <= 1) return;
    const head = x.shape.slice(0, axis);
    const tail = x.shape.slice(axis + 1);
    const spread = g.pad(g.reshape(x, [...head, size, 1, ...tail]), [
      ...head.map((): [number, number] => [0, 0]),
      [0, 0],
      [0, step - 1],
      ...tail.map((): [number, number] => [0, 0]),
    ]);
    const merged = g.reshape(spread, [...head, size * step, ...tail]);
    const length = (size - 1) * step + 1;
    x = g.slice(
      merged,
      merged.shape.map(() => 0),
      [...head, length, ...tail],
      merged.shape.map(() => 1),
    );
  });
  return g.pad(
    x,
    shape.map((size, axis): [number, number] => {
      const start = attributes.starts[axis]!;
      return [start, size - start - x.shape[axis]!];
    }),
  );
}

/** One index an axis can meet nothing twice, so its scatter is a comparison, which fuses with its neighbours. */
function ungather(upstream: Node, { attributes: { axis }, inputs }: Node<"gather">): Node {
  const [x, indices] = inputs as [Node, Node];
  if (indices.shape[axis] !== 1) return g.scatterAdd(x.shape, indices, upstream, axis);
  const position = g.expand(
    g.reshape(
      g.iota([x.shape[axis]!]),
      x.shape.map((size, i) => (i === axis ? size : 1)),
    ),
    x.shape,
  );
  const hit = g.eq(position, g.expand(indices, x.shape));
  return g.where(hit, g.expand(upstream, x.shape), zero(x));
}

const rules: Rules = {
  buffer: [],
  const: [],
  iota: [],
  randomBits: [none],
  neg: [(u) => g.neg(u)],
  exp: [(u, y) => g.mul(u, y)],
  log: [(u, { inputs: [x] }) => g.div(u, x!)],
  sin: [(u, { inputs: [x] }) => g.mul(u, g.cos(x!))],
  cos: [(u, { inputs: [x] }) => g.neg(g.mul(u, g.sin(x!)))],
  sqrt: [(u, y) => g.div(half(u), y)],
  floor: [none],
  tanh: [(u, y) => g.mul(u, g.sub(g.constantLike(y, 1), g.mul(y, y)))],
  erf: [
    (u, { inputs: [x] }) =>
      g.mul(g.mul(u, g.constantLike(u, 2 / Math.sqrt(Math.PI))), g.exp(g.neg(g.mul(x!, x!)))),
  ],
  log1p: [(u, { inputs: [x] }) => g.div(u, g.add(x!, g.constantLike(x!, 1)))],
  expm1: [(u, y) => g.mul(u, g.add(y, g.constantLike(y, 1)))],
  cast: [(u, { inputs: [x] }) => (isFloat(x!.dtype) ? g.cast(u, x!.dtype) : null)],
  add: [(u) => u, (u) => u],
  mul: [(u, { inputs: [, y] }) => g.mul(u, y!), (u, { inputs: [x] }) => g.mul(u, x!)],
  div: [(u, { inputs: [, y] }) => g.div(u, y!), (u, node) => g.neg(g.mul(u, g.div(node, node.inputs[1]!)))],
  pow: [
    (u, { inputs: [x, y] }) => {
      const slope = g.mul(y!, g.pow(x!, g.sub(y!, g.constantLike(y!, 1))));
      return g.mul(u, g.where(g.eq(y!, zero(y!)), zero(u), slope));
    },
    (u, node) => {
      const [x, y] = node.inputs as [Node, Node];
      // 0^y is 0 for every y > 0 and 1 at y = 0: flat, where log 0 would say otherwise.
      const flat = g.mul(g.eq(x, zero(x)), g.max(g.lt(zero(y), y), g.eq(y, zero(y))));
      return g.mul(u, g.where(flat, zero(u), g.mul(node, g.log(x))));
    },
  ],
  /** Half to each where they tie, as PyTorch's maximum. */
  max: [
    (u, { inputs: [x, y] }) => g.where(g.eq(x!, y!), half(u), g.where(g.lt(x!, y!), zero(u), u)),
    (u, { inputs: [x, y] }) => g.where(g.eq(x!, y!), half(u), g.where(g.lt(y!, x!), zero(u), u)),
  ],
  mod: [
    (u) => u,
    (u, node) => {
      // ⌊x/y⌋ as the quotient that was taken away, which is NaN where the remainder is.
      const [x, y] = node.inputs as [Node, Node];
      const quotient = g.floor(g.add(g.div(g.sub(x, node), y), g.constantLike(x, 0.5)));
      return g.neg(g.mul(u, g.where(g.eq(y, zero(y)), g.div(x, y), quotient)));
    },
  ],
  lt: [none, none],
  eq: [none, none],
  where: [
    none,
    (u, { inputs: [c] }) => g.where(c!, u, zero(u)),
    (u, { inputs: [c] }) => g.where(c!, zero(u), u),
  ],
  reduce: [
    (u, node) => {
      const x = node.inputs[0]!;
      const { op, axes } = node.attributes;
      return foldRules[op](unfold(u, axes, x.shape), x, unfold(node, axes, x.shape), axes);
    },
  ],
  reshape: [(u, { inputs: [x] }) => g.reshape(u, x!.shape)],
  permute: [
    (u, { attributes }) =>
      g.permute(
        u,
        attributes.map((_, axis) => attributes.indexOf(axis)),
      ),
  ],
  expand: [
    (u, { inputs: [x], shape }) => {
      const axes = [...shape.keys()].filter((axis) => x!.shape[axis] !== shape[axis]);
      return g.reshape(g.sum(u, axes), x!.shape);
    },
  ],
  pad: [
    (u, { inputs: [x], attributes }) =>
      g.slice(
        u,
        attributes.map(([before]) => before),
        x!.shape,
        attributes.map(() => 1),
      ),
  ],
  slice: [unslice],
  flip: [(u, { attributes }) => g.flip(u, attributes)],
  concat: [],
  window: [
    (u, { attributes: { axis, stride, dilation, transpose }, inputs: [x] }) =>
      transpose(u, axis, x!.shape[axis]!, stride, dilation),
  ],
  // Under a transpose, the product that has the layout of what lies below: it then needs no transpose of its own.
  dot: [
    (u, { inputs: [a, b] }) => (isTransposed(a!) ? swapLast(g.dot(b!, swapLast(u))) : g.dot(u, swapLast(b!))),
    (u, { inputs: [a, b] }) => (isTransposed(b!) ? swapLast(g.dot(swapLast(u), a!)) : g.dot(swapLast(a!), u)),
  ],
  gather: [ungather, none],
  scatterAdd: [none, (u, { inputs: [indices], attributes: { axis } }) => g.gather(u, indices!, axis)],
  stopGradient: [none],
  custom: [],
};

/** For each part of joined columns what lies in its place. */
function apart(
  joined: Node,
  parts: readonly Node[],
  wanted: (part: Node) => boolean,
): readonly (Node | null)[] {
  let end = 0;
  return parts.map((part) => {
    const start = end;
    end += part.shape[1]!;
    return wanted(part) ? g.slice(joined, [0, start], part.shape, [1, 1]) : null;
  });
}

/** The gradients that `node` passes to its inputs, for those that `wanted` names; null elsewhere. */
export function inputGradients(
  upstream: Node,
  node: Node,
  wanted: (input: Node) => boolean,
): readonly (Node | null)[] {
  if (node.op === "concat") return apart(upstream, node.inputs, wanted);
  if (node.op === "custom") return [null, ...(node.attributes as Attributes["custom"])(upstream, node)];
  const rows = rules[node.op] as readonly Rule<Op>[];
  return node.inputs.map((input, i) => (wanted(input) ? rows[i]!(upstream, node) : null));
}
