import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  explain,
  hostValue,
  type Kernel,
  type Plan,
  realizeSync,
  registerBackend,
  slidingWindows,
  type Tensor,
  Variable,
  zeros,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { held, stored } from "./support.ts";

beforeAll(() => registerBackend(cpu));

const kernelsOf = ({ kernels }: Plan): Kernel[] => kernels.map(({ kernel }) => kernel);
const kinds = (plan: Plan): string[] => kernelsOf(plan).map(({ kind }) => kind);

/** How often an operation occurs among the distinct expressions of a kernel. */
function countIn(kernel: Kernel, op: string): number {
  const seen = new Set<object>();
  const visit = (value: unknown): number => {
    if (typeof value !== "object" || value === null || seen.has(value)) return 0;
    seen.add(value);
    const own = "op" in value && value.op === op && !("outputs" in value) ? 1 : 0;
    return Object.values(value).reduce<number>((sum, inner) => sum + visit(inner), own);
  };
  return visit(kernel);
}

describe("elementwise chains", () => {
  it("six operations are one kernel and one allocation", () => {
    const x = stored(32, 16);
    const y = x.mul(2).add(1).tanh().sub(x).relu().square();
    const plan = explain(y);
    expect(kinds(plan)).toEqual(["map"]);
    expect(plan.slots).toEqual([]);
    const before = held();
    realizeSync(y);
    expect(held()).toEqual({ bytes: before.bytes + 4 * 512, buffers: before.buffers + 1 });
  });

  it("views cost no kernel: shapes, transposes, slices, padding and repeats are index arithmetic", () => {
    const x = stored(6, 4);
    const padding: [number, number][] = [
      [1, 1],
      [0, 0],
    ];
    const y = x.slice([1, 3]).pad(padding).reshape(16).flip().reshape(8, 2).T;
    const plan = explain(y.add(y.slice([null, null, -1])).mul(stored(8)));
    expect(kinds(plan)).toEqual(["map"]);
    expect(kernelsOf(plan)[0]!.inputs).toHaveLength(2);
  });

  it("a diamond stays in one kernel and computes its top once", () => {
    const x = stored(100);
    const top = x.exp();
    const plan = explain(top.add(1).mul(top.sub(1)).add(top));
    expect(kinds(plan)).toEqual(["map"]);
    expect(countIn(kernelsOf(plan)[0]!, "exp")).toBe(1);
  });

  it("equal computations are one, however they were written", () => {
    const x = stored(100);
    const plan = explain(x.sin().mul(x.add(1)), x.sin().add(x.add(1).sqrt()));
    expect(kinds(plan)).toEqual(["map"]);
    expect(kernelsOf(plan)[0]!.outputs).toHaveLength(2);
    expect(countIn(kernelsOf(plan)[0]!, "sin")).toBe(1);
  });

  it("a root asked for twice, or equal to another, is copied and not computed again", () => {
    const x = stored(10);
    const plan = explain(x.sin(), x.sin());
    expect(kernelsOf(plan).reduce((sum, kernel) => sum + countIn(kernel, "sin"), 0)).toBe(1);
    const y = x.cos();
    expect(explain(y, y).outputs).toHaveLength(1);
  });

  it("constants take no buffer", () => {
    const plan = explain(zeros([50]).add(stored(50)).mul(3));
    expect(kernelsOf(plan)[0]!.inputs).toHaveLength(1);
  });
});

describe("reductions and products", () => {
  it("a product with bias and ReLU is one kernel", () => {
    const plan = explain(stored(8, 5).matmul(stored(6, 5).T).add(stored(6)).relu());
    expect(kinds(plan)).toEqual(["dot"]);
    expect(plan.slots).toEqual([]);
  });

  it("what several kernels would make of a product is made with it, once", () => {
    const y = stored(8, 5).matmul(stored(6, 5).T).add(stored(6)).mul(0.5);
    const plan = explain(y.sum(0), y.max(1));
    expect(kinds(plan).toSorted()).toEqual(["dot", "reduce", "reduce"]);
    expect(plan.slots.map(({ length }) => length)).toEqual([48]);
    expect(kernelsOf(plan).reduce((sum, kernel) => sum + countIn(kernel, "add"), 0)).toBe(1);
  });

  it("steps of a recurrence are alike, whatever it costs to compute them all at once", () => {
    const chain = (steps: number): Plan => {
      const [x, w] = [stored(4, 4), stored(4, 4)];
      let [hidden, cell] = [x, x];
      for (let t = 0; t < steps; t++) {
        cell = cell.mul(0.5).add(hidden.matmul(w).tanh());
        hidden = cell.tanh().mul(hidden);
      }
      return explain(hidden, ...hidden.sum().gradient(w));
    };
    const keys = (plan: Plan): number => new Set(kernelsOf(plan).map(({ key }) => key)).size;
    expect(keys(chain(60))).toBe(keys(chain(10)));
  });

  it("a reduction takes its prologue and its epilogue along", () => {
    const x = stored(8, 5);
    expect(kinds(explain(x.sub(1).square().sum(1).mul(0.5).sqrt()))).toEqual(["reduce"]);
  });

  it("softmax is a maximum, its exponentials, their sum and a quotient", () => {
    const plan = explain(stored(64, 10).softmax());
    expect(kinds(plan)).toEqual(["reduce", "map", "reduce", "map"]);
    expect(plan.slots.map(({ length }) => length).sort((a, b) => a - b)).toEqual([64, 640]);
    expect(kernelsOf(plan).reduce((sum, kernel) => sum + countIn(kernel, "exp"), 0)).toBe(1);
  });

  it("logSoftmax computes its exponentials inside the sum", () => {
    const plan = explain(stored(64, 10).logSoftmax());
    expect(kinds(plan)).toEqual(["reduce", "reduce", "map"]);
    expect(plan.slots.every(({ length }) => length === 64)).toBe(true);
  });

  it("a loss and its gradient share the forward pass", () => {
    const [x, w] = [stored(16, 8), stored(4, 8)];
    const loss = x.matmul(w.T).tanh().square().mean();
    const plan = explain(loss, loss.gradient(w)[0]!);
    expect(kinds(plan).filter((kind) => kind === "dot")).toHaveLength(2);
    expect(kernelsOf(plan).reduce((sum, kernel) => sum + countIn(kernel, "tanh"), 0)).toBe(1);
  });
});

describe("products of windows", () => {
  const windows = (x: Tensor): Tensor => slidingWindows(slidingWindows(x, 2, 3), 3, 3);
  const columns = (x: Tensor): Tensor => windows(x).permute(0, 1, 4, 5, 2, 3).reshape(4, 18, 36);

  it("windows are read where they lie, whichever operand they are, and turned too", () => {
    const [x, w] = [stored(4, 2, 8, 8), stored(5, 18)];
    const products = [
      w.matmul(columns(x)),
      columns(x).transpose(1, 2).matmul(w.T),
      columns(x).matmul(stored(4, 36, 7)),
      stored(7, 144).matmul(columns(x).permute(0, 2, 1).reshape(144, 18)),
      columns(x)
        .expandDims(0)
        .broadcastTo([3, 4, 18, 36])
        .matmul(stored(3, 4, 36, 2)),
    ];
    for (const product of products) {
      expect(kinds(explain(product))).toEqual(["dot"]);
      expect(explain(product).slots).toEqual([]);
    }
    expect(explain(products[0]!).kernels[0]!.kernel).toMatchObject({
      m: [5],
      n: [6, 6],
      k: [2, 3, 3],
      shape: [4, 5, 36],
      a: { batch: [0], row: [18], column: [9, 3, 1] },
      b: { batch: [128], row: [64, 8, 1], column: [8, 1] },
    });
  });

  it("a sum and a fold behind them are computed with them; axes that lie one behind the other are one", () => {
    const [x, w] = [stored(4, 2, 8, 8), stored(5, 18)];
    expect(kinds(explain(w.matmul(columns(x)).add(stored(5, 1)).relu()))).toEqual(["dot"]);
    const corner = x.slice(null, null, null, [0, 3]).reshape(4, 48, 1);
    expect(explain(stored(5, 48).matmul(corner)).kernels[0]!.kernel).toMatchObject({ n: [1], k: [16, 3] });
    expect(explain(stored(3, 8).matmul(x.reshape(8, 64))).kernels[0]!.kernel).toMatchObject({
      k: [8],
      n: [64],
    });
  });

  it("the gradient of an unfolded product stores no windows of its input", () => {
    const [x, w] = [stored(4, 2, 8, 8), stored(5, 18)];
    const plan = explain(...w.matmul(columns(x)).square().sum().gradient(w));
    expect(Math.max(...plan.slots.map(({ length }) => length))).toBe(4 * 5 * 36);
  });

  it("what somebody else reads too, is masked, or does not fit its partner, is stored", () => {
    const [x, w] = [stored(4, 2, 8, 8), stored(5, 18)];
    const shared = columns(x);
    expect(kinds(explain(w.matmul(shared), shared.exp()))).toContain("map");
    const masked = x.pad([[0, 0], [0, 0], [1, 1], [1, 1]]); // prettier-ignore
    expect(kinds(explain(w.matmul(windows(masked).permute(0, 1, 4, 5, 2, 3).reshape(4, 18, 64))))).toEqual([
      "map",
      "dot",
    ]);
    const three = stored(2, 5, 4).slice(null, [0, 3]).reshape(6, 4);
    const two = stored(3, 5, 4).slice(null, [0, 2]).reshape(6, 4);
    expect(kinds(explain(three.T.matmul(two)))).toEqual(["map", "dot"]);
  });

  it("gives the elements that stored columns give", async () => {
    const [x, w] = [stored(4, 2, 8, 8), stored(5, 18)];
    const kept = columns(x);
    realizeSync(kept);
    expect(await w.matmul(columns(x)).toArray()).toEqual(await w.matmul(kept).toArray());
    const [three, two] = [stored(2, 5, 4), stored(3, 5, 4)];
    const left = three.slice(null, [0, 3]).reshape(6, 4);
    const right = two.slice(null, [0, 2]).reshape(6, 4);
    const product = left.T.matmul(right);
    realizeSync(left, right);
    expect(await product.toArray()).toEqual(await left.T.matmul(right).toArray());
  });
});

/** Adam as it is written on paper; the scalars are computed by the host. */
function adam(p: Variable, m: Variable, v: Variable, g: Tensor): void {
  const rate = hostValue(() => 0.001);
  const m2 = m.add(g.sub(m).mul(0.1));
  const v2 = v.mul(0.999).add(g.square().mul(0.001));
  m.assign(m2);
  v.assign(v2);
  p.assign(p.sub(m2.mul(rate).div(v2.sqrt().add(1e-8))));
}

describe("updates", () => {
  const cells = (...shape: number[]): [Variable, Variable, Variable] => [
    new Variable(stored(...shape)),
    new Variable(zeros(shape)),
    new Variable(zeros(shape)),
  ];

  it("the Adam update of a parameter is one kernel, in place", () => {
    const [p, m, v] = cells(6, 5);
    const step = compile((g: Tensor) => adam(p, m, v, g));
    step(stored(6, 5));
    const [plan] = step.plans;
    expect(kinds(plan!)).toEqual(["map"]);
    expect(kernelsOf(plan!)[0]!.outputs).toHaveLength(3);
    expect(plan!.slots).toEqual([]);
    // All three are written where they were read.
    const places = plan!.kernels[0]!.places;
    expect(places.slice(-3).every((place) => places.slice(0, -3).includes(place))).toBe(true);
  });

  it("where the gradient is a product, the update is that product's epilogue", () => {
    const [p, m, v] = cells(4, 8);
    const step = compile((x: Tensor, u: Tensor) => {
      const [g] = x.matmul(p.T).mul(u).sum().gradient(p);
      adam(p, m, v, g!);
    });
    step(stored(16, 8), stored(16, 4));
    expect(kinds(step.plans[0]!)).toEqual(["dot"]);
    expect(step.plans[0]!.slots).toEqual([]);
  });
});

describe("buffers", () => {
  it("slots are shared by values that never live at the same time", () => {
    const w = stored(10, 10);
    let y = stored(10, 10);
    for (let i = 0; i < 12; i++) y = y.matmul(w);
    expect(explain(y).slots).toHaveLength(2);
  });

  it("what was reshaped and stored is an operand like any other", () => {
    const x = stored(2, 3).reshape(3, 2);
    realizeSync(x);
    const y = x.add(1);
    expect(kinds(explain(y.sum(0), y.sum(1)))).toEqual(["reduce", "reduce"]);
  });

  it("a value that is needed late keeps its slot", () => {
    const w = stored(10, 10);
    const first = stored(10, 10).matmul(w);
    let y = first;
    for (let i = 0; i < 6; i++) y = y.matmul(w);
    expect(explain(y.matmul(first)).slots).toHaveLength(3);
  });
});
