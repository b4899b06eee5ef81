// Backpropagation is the chain rule, node by node from the end: local gradient times upstream gradient, summed at forks.
import { tensor } from "@chainrule/core";
import { label, trace, type Trace } from "@chainrule/inspect";
import { atMost, judged, type Result } from "./result.ts";

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
/** What the lecture derives for a node: its elements, and those of its gradient. */
type ByHand = Readonly<Record<string, readonly [value: number | number[], gradient: number | number[]]>>;

export async function backpropagation(): Promise<Result> {
  const examples = [await leastSquares(), await polynomial(), await scalarMlp(), await vectorMlp()];
  return judged({
    checks: examples.map(({ name, traced, byHand }) =>
      atMost(`${name}: largest difference from the numbers by hand`, difference(traced, byHand), 1e-12),
    ),
    notes: [
      {
        name: "nodes listed in topological order",
        value: examples.map((e) => e.traced.nodes.length).join(", "),
      },
    ],
    figures: examples.map(({ name, traced }) =>
      traced.toSvg({ title: name, direction: traced.nodes.length > 10 ? "down" : "right" }),
    ),
  });
}

/** E = ½(σ(wx + b) − t)² + λ·½w². */
async function leastSquares() {
  const [w, x, b, t, lambda] = [1.3, -0.7, 0.4, 1, 0.25];
  const traced = await trace(
    (v) => {
      const z = label("z", v.w.mul(v.x).add(v.b));
      const y = label("y", z.sigmoid());
      const loss = label("L", y.sub(v.t).square().mul(0.5));
      const penalty = label("R", v.w.square().mul(0.5));
      return label("E", loss.add(v.λ.mul(penalty)));
    },
    { w, x, b, t, λ: lambda },
  );
  const z = w * x + b;
  const y = sigmoid(z);
  const dz = (y - t) * y * (1 - y); // ∂E/∂z = ∂E/∂y · σ′(z)
  const byHand: ByHand = {
    E: [(y - t) ** 2 / 2 + (lambda * w ** 2) / 2, 1],
    R: [w ** 2 / 2, lambda],
    L: [(y - t) ** 2 / 2, 1],
    y: [y, y - t],
    z: [z, dz],
    // w reaches E by two ways, through z and through R: their gradients add up.
    w: [w, dz * x + lambda * w],
    b: [b, dz],
  };
  return { name: "E = ½(σ(wx + b) − t)² + λ·½w²", traced, byHand };
}

/** z = x²y − y² with x = t² and y = 2t, so that dz/dt = 10t⁴ − 8t. */
async function polynomial() {
  const t = 1.5;
  const traced = await trace(
    (v) => {
      const x = label("x", v.t.square());
      const y = label("y", v.t.mul(2));
      return label("z", x.square().mul(y).sub(y.square()));
    },
    { t },
  );
  const [x, y] = [t ** 2, 2 * t];
  const byHand: ByHand = {
    z: [x ** 2 * y - y ** 2, 1],
    x: [x, 2 * x * y],
    y: [y, x ** 2 - 2 * y],
    t: [t, 10 * t ** 4 - 8 * t],
  };
  return { name: "z = x²y − y², x = t², y = 2t", traced, byHand };
}

/** The two-layer net of the lecture: 2 inputs, 2 hidden units, 1 output; L = ½(y − t)². */
const net = { x: [0.5, -1.2], W: [[0.3, -0.8], [1.1, 0.6]], b: [0.1, -0.2], v: [0.7, -1.4], c: 0.05, t: 0.9 }; // prettier-ignore

function netByHand() {
  const { x, W, b, v, c, t } = net;
  const z = W.map((row, i) => row[0]! * x[0]! + row[1]! * x[1]! + b[i]!);
  const h = z.map(sigmoid);
  const y = v[0]! * h[0]! + v[1]! * h[1]! + c;
  const dy = y - t;
  const dh = v.map((weight) => dy * weight);
  const dz = dh.map((d, i) => d * h[i]! * (1 - h[i]!));
  return { z, h, y, dy, dh, dz, loss: dy ** 2 / 2 };
}

async function scalarMlp() {
  const { x, W, b, v, c, t } = net;
  const [[w11, w12], [w21, w22]] = W as [[number, number], [number, number]];
  const [x1, x2, b1, b2, v1, v2] = [...x, ...b, ...v] as [number, number, number, number, number, number];
  const traced = await trace(
    (s) => {
      const h1 = label("h1", label("z1", s.w11.mul(s.x1).add(s.w12.mul(s.x2)).add(s.b1)).sigmoid());
      const h2 = label("h2", label("z2", s.w21.mul(s.x1).add(s.w22.mul(s.x2)).add(s.b2)).sigmoid());
      const y = label("y", s.v1.mul(h1).add(s.v2.mul(h2)).add(s.c));
      return label("L", y.sub(s.t).square().mul(0.5));
    },
    { x1, x2, w11, w12, w21, w22, b1, b2, v1, v2, c, t },
  );
  const { z, h, y, dy, dh, dz, loss } = netByHand();
  const byHand: ByHand = {
    L: [loss, 1],
    y: [y, dy],
    v1: [v1, dy * h[0]!],
    v2: [v2, dy * h[1]!],
    h1: [h[0]!, dh[0]!],
    h2: [h[1]!, dh[1]!],
    z1: [z[0]!, dz[0]!],
    z2: [z[1]!, dz[1]!],
    w11: [w11, dz[0]! * x1],
    w12: [w12, dz[0]! * x2],
    w21: [w21, dz[1]! * x1],
    w22: [w22, dz[1]! * x2],
    b1: [b1, dz[0]!],
    c: [c, dy],
    x1: [x1, dz[0]! * w11 + dz[1]! * w21], // both hidden units use it
  };
  return { name: "Two-layer MLP in scalars", traced, byHand };
}

async function vectorMlp() {
  const { x, W, b, v, c, t } = net;
  const vector = (values: readonly (number | number[])[]) => tensor(values, { dtype: "float64" });
  const traced = await trace(
    (s) => {
      const h = label("h", label("z", s.W.matmul(s.x).add(s.b)).sigmoid());
      return label("L", label("y", s.v.dot(h).add(s.c)).sub(s.t).square().mul(0.5));
    },
    { x: vector(x), W: vector(W), b: vector(b), v: vector(v), c, t },
  );
  const { z, h, y, dy, dh, dz, loss } = netByHand();
  const byHand: ByHand = {
    L: [loss, 1],
    y: [y, dy],
    h: [h, dh],
    z: [z, dz],
    v: [v, h.map((one) => dy * one)],
    W: [W.flat(), dz.flatMap((d) => x.map((one) => d * one))], // δ xᵀ
    x: [x, x.map((_, j) => dz[0]! * W[0]![j]! + dz[1]! * W[1]![j]!)], // Wᵀ δ
  };
  return { name: "Two-layer MLP in vectors", traced, byHand };
}

/** The largest |traced − by hand| over all values and gradients. */
function difference(traced: Trace, byHand: ByHand): number {
  const apart = (actual: ArrayLike<number>, wanted: number | number[]): number[] =>
    [wanted].flat().map((value, i) => Math.abs(value - actual[i]!));
  const all = Object.entries(byHand).flatMap(([name, [value, gradient]]) => {
    const node = traced.node(name);
    return [...apart(node.value, value), ...apart(node.gradient!, gradient)];
  });
  return Math.max(...all);
}
