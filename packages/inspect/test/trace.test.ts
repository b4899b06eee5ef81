import { cpu } from "@chainrule/backend-cpu";
import { concat, registerBackend, tensor, type Tensor, where } from "@chainrule/core";
import { Linear, mseLoss, ReLU, Sequential } from "@chainrule/nn";
import { describe, expect, it } from "vitest";
import { label, labelParameters, type Trace, trace, type TraceNode, traceWith } from "../src/index.ts";

registerBackend(cpu);

const float64 = { dtype: "float64" } as const;

/** Each node's value and gradient against numbers derived by hand, to 1e-12. */
function expectNodes(traced: Trace, expected: Record<string, [value: number, gradient: number]>): void {
  for (const [name, [value, gradient]] of Object.entries(expected)) {
    const node = traced.node(name);
    expect(Math.abs(node.value[0]! - value), `value of ${name}`).toBeLessThan(1e-12);
    expect(Math.abs(node.gradient![0]! - gradient), `gradient of ${name}`).toBeLessThan(1e-12);
  }
}

/** The local gradients of a node, scalars all, to 1e-12. */
function expectLocal(node: TraceNode, expected: number[]): void {
  expect(node.local).toHaveLength(expected.length);
  node.local.forEach(({ jacobian }, i) => expect(Math.abs(jacobian![0]! - expected[i]!)).toBeLessThan(1e-12));
}

/** What must hold of every trace: order, fan-out sums, and result's own gradient. */
function expectConsistent({ nodes, result }: Trace): void {
  expect(result.gradient![0]).toBe(1);
  for (const node of nodes) {
    expect(nodes[node.id]).toBe(node);
    for (const input of node.inputs) expect(input).toBeLessThan(node.id);
    if (node.gradient === null || node === result) continue;
    const uses = nodes.flatMap(({ local }) => local.filter(({ input }) => input === node.id));
    node.gradient.forEach((gradient, k) => {
      const sum = uses.reduce((total, { passed }) => total + (passed?.[k] ?? 0), 0);
      expect(Math.abs(sum - gradient), `fan-out of ${node.name}`).toBeLessThan(1e-12);
    });
  }
}

describe("σ(wx + b) with squared error and an L2 penalty", () => {
  const [w, x, b, t, lambda] = [1.3, -0.7, 0.4, 1, 0.25];
  const z = w * x + b;
  const y = 1 / (1 + Math.exp(-z));
  const traced = trace(
    (v) => {
      const z = label("z", label("wx", v.w.mul(v.x)).add(v.b));
      const error = label("e", label("y", z.sigmoid()).sub(v.t));
      const loss = label("L", label("e²", error.square()).mul(0.5));
      const penalty = label("R", label("w²", v.w.square()).mul(0.5));
      return label("E", loss.add(label("λR", v.lambda.mul(penalty))));
    },
    { w, x, b, t, lambda },
  );

  it("has every value and every gradient as derived by hand", async () => {
    const dz = (y - t) * y * (1 - y);
    expectNodes(await traced, {
      w: [w, dz * x + lambda * w],
      x: [x, dz * w],
      b: [b, dz],
      t: [t, t - y],
      lambda: [lambda, (w * w) / 2],
      wx: [w * x, dz],
      z: [z, dz],
      y: [y, y - t],
      e: [y - t, y - t],
      "e²": [(y - t) ** 2, 0.5],
      L: [(y - t) ** 2 / 2, 1],
      "w²": [w * w, lambda / 2],
      R: [(w * w) / 2, lambda],
      λR: [(lambda * w * w) / 2, 1],
      E: [(y - t) ** 2 / 2 + (lambda * w * w) / 2, 1],
    });
    expect((await traced).nodes).toHaveLength(15);
    expectConsistent(await traced);
  });

  it("has every local gradient as derived by hand", async () => {
    const node = (name: string): Promise<TraceNode> => traced.then((trace) => trace.node(name));
    expectLocal(await node("wx"), [x, w]);
    expectLocal(await node("z"), [1, 1]);
    expectLocal(await node("y"), [y * (1 - y)]);
    expectLocal(await node("e"), [1, -1]);
    expectLocal(await node("e²"), [2 * (y - t)]);
    expectLocal(await node("L"), [0.5]);
    expectLocal(await node("w²"), [2 * w]);
    expectLocal(await node("λR"), [(w * w) / 2, lambda]);
    expectLocal(await node("E"), [1, 1]);
  });
});

describe("z = x²y − y² with x = t², y = 2t", () => {
  it.each([-1.5, 0.3, 2])("has dz/dt = 10t⁴ − 8t at t = %d, and every node on the way", async (t) => {
    const traced = await trace(
      (v) => {
        const x = label("x", v.t.square());
        const y = label("y", v.t.mul(2));
        return label("z", label("x²y", label("x²", x.square()).mul(y)).sub(label("y²", y.square())));
      },
      { t },
    );
    const [x, y] = [t * t, 2 * t];
    expectNodes(traced, {
      t: [t, 10 * t ** 4 - 8 * t],
      x: [x, 2 * x * y],
      y: [y, x * x - 2 * y],
      "x²": [x * x, y],
      "x²y": [x * x * y, 1],
      "y²": [y * y, -1],
      z: [x * x * y - y * y, 1],
    });
    expectLocal(traced.node("x²"), [2 * x]);
    expectLocal(traced.node("x²y"), [y, x * x]);
    expectLocal(traced.node("y"), [2]);
    expectLocal(traced.node("z"), [1, -1]);
    expectConsistent(traced);
  });
});

describe("the two-layer MLP with sigmoid units and squared error", () => {
  // Two inputs, two hidden units, one output; derived by hand below.
  const x = [0.5, -1.2];
  const w1 = [
    [0.3, -0.8],
    [1.1, 0.6],
  ] as const;
  const b1 = [0.1, -0.2];
  const w2 = [0.7, -1.4];
  const b2 = 0.05;
  const t = 0.9;
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const z = w1.map((row, i) => row[0] * x[0]! + row[1] * x[1]! + b1[i]!);
  const h = z.map(sigmoid);
  const y = w2[0]! * h[0]! + w2[1]! * h[1]! + b2;
  const loss = (y - t) ** 2 / 2;
  const dy = y - t;
  const dh = w2.map((w) => dy * w);
  const dz = dh.map((d, i) => d * h[i]! * (1 - h[i]!));

  it("in scalars", async () => {
    const inputs = {
      x1: x[0]!,
      x2: x[1]!,
      w11: 0.3,
      w12: -0.8,
      w21: 1.1,
      w22: 0.6,
      b1: 0.1,
      b2: -0.2,
      v1: 0.7,
      v2: -1.4,
      c: b2,
      t,
    };
    const traced = await trace((v) => {
      const h1 = label("h1", label("z1", v.w11.mul(v.x1).add(v.w12.mul(v.x2)).add(v.b1)).sigmoid());
      const h2 = label("h2", label("z2", v.w21.mul(v.x1).add(v.w22.mul(v.x2)).add(v.b2)).sigmoid());
      const y = label("y", v.v1.mul(h1).add(v.v2.mul(h2)).add(v.c));
      return label("L", y.sub(v.t).square().mul(0.5));
    }, inputs);
    expectNodes(traced, {
      z1: [z[0]!, dz[0]!],
      z2: [z[1]!, dz[1]!],
      h1: [h[0]!, dh[0]!],
      h2: [h[1]!, dh[1]!],
      y: [y, dy],
      L: [loss, 1],
      w11: [0.3, dz[0]! * x[0]!],
      w12: [-0.8, dz[0]! * x[1]!],
      w21: [1.1, dz[1]! * x[0]!],
      w22: [0.6, dz[1]! * x[1]!],
      b1: [0.1, dz[0]!],
      b2: [-0.2, dz[1]!],
      v1: [0.7, dy * h[0]!],
      v2: [-1.4, dy * h[1]!],
      c: [b2, dy],
      t: [t, -dy],
      x1: [x[0]!, dz[0]! * 0.3 + dz[1]! * 1.1],
      x2: [x[1]!, dz[0]! * -0.8 + dz[1]! * 0.6],
    });
    expectConsistent(traced);
  });

  it("in vectors, with the Jacobian of each operation", async () => {
    const traced = await trace(
      (v) => {
        const z = label("z", label("Wx", v.W.matmul(v.x)).add(v.b));
        const y = label("y", label("vh", v.v.dot(label("h", z.sigmoid()))).add(v.c));
        return label("L", label("e", y.sub(v.t)).square().mul(0.5));
      },
      {
        W: tensor(w1, float64),
        x: tensor(x, float64),
        b: tensor(b1, float64),
        v: tensor(w2, float64),
        c: b2,
        t,
      },
    );
    const close = (actual: ArrayLike<number> | null, expected: number[]): void => {
      expect(actual).toHaveLength(expected.length);
      expected.forEach((value, i) => expect(Math.abs(actual![i]! - value)).toBeLessThan(1e-12));
    };
    close(traced.node("z").value, z);
    close(traced.node("z").gradient, dz);
    close(traced.node("h").value, h);
    close(traced.node("h").gradient, dh);
    close(traced.node("Wx").gradient, dz);
    close(
      traced.node("W").gradient,
      dz.flatMap((d) => x.map((value) => d * value)),
    );
    close(
      traced.node("v").gradient,
      h.map((value) => dy * value),
    );
    close(
      traced.node("x").gradient,
      [0, 1].map((j) => dz[0]! * w1[0][j as 0 | 1] + dz[1]! * w1[1][j as 0 | 1]),
    );
    close(traced.node("L").value, [loss]);
    // ∂(Wx)/∂W is block diagonal in x, ∂(Wx)/∂x is W, ∂σ(z)/∂z is diagonal.
    const [byW, byX] = traced.node("Wx").local;
    close(byW!.jacobian, [x[0]!, x[1]!, 0, 0, 0, 0, x[0]!, x[1]!]);
    close(byX!.jacobian, w1.flat());
    close(traced.node("h").local[0]!.jacobian, [h[0]! * (1 - h[0]!), 0, 0, h[1]! * (1 - h[1]!)]);
    close(traced.node("vh").local[1]!.jacobian, w2);
    expectConsistent(traced);
  });
});

describe("trace", () => {
  it("counts a use twice where an operand stands twice", async () => {
    const traced = await trace((v) => v.x.mul(v.x), { x: 3 });
    expect(traced.result.inputs).toEqual([0, 0]);
    expectLocal(traced.result, [3, 3]);
    expect(traced.node("x").gradient![0]).toBe(6);
    expectConsistent(traced);
  });

  it("leaves other paths out of a local gradient", async () => {
    const traced = await trace((v) => label("b", label("a", v.x.square()).mul(v.x)), { x: 2 });
    expectLocal(traced.node("b"), [2, 4]);
    expect(traced.node("x").gradient![0]).toBe(12);
  });

  it("keeps operations that the graph would fold together", async () => {
    const traced = await trace((v) => v.x.neg().neg(), { x: 2 });
    expect(traced.nodes.map(({ op }) => op)).toEqual(["input", "neg", "neg"]);
    expectLocal(traced.result, [-1]);
    expectConsistent(traced);
  });

  it("shows what plain functions make as primitives, with their local gradients", async () => {
    const traced = await trace(
      (v) => concat([where(v.x.less(v.y), v.x, v.y.square()).reshape([1]), v.y.reshape([1])]).sum(),
      { x: 3, y: 2 },
    );
    expect(traced.nodes.map(({ op }) => op)).toContain("where");
    expect(traced.node("y").gradient![0]).toBe(5);
    expect(traced.node("x").gradient![0]).toBe(0);
    expectConsistent(traced);
  });

  it("takes tensors by position and by name, and names inputs by number, key or label", async () => {
    const alone = await trace((x) => x.square(), 3);
    expect(alone.nodes.map(({ name }) => name)).toEqual(["x", "v1"]);
    const two = await trace((a, b) => a.mul(b), tensor(3), label("rate", tensor(4)));
    expect(two.nodes.map(({ name }) => name)).toEqual(["x1", "rate", "v1"]);
    expect(two.result.value[0]).toBe(12);
    const mixed = await trace((a, { k }) => a.mul(k).sum(), tensor([1, 2]), { k: 2 });
    expect(mixed.nodes.slice(0, 2).map(({ name, shape }) => [name, shape])).toEqual([
      ["x1", [2]],
      ["k", []],
    ]);
  });

  it("traces a model with the names of its parameters", async () => {
    const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1));
    labelParameters(model);
    const traced = await trace((x, t) => mseLoss(model.forward(x), t), tensor([[1, -2]]), tensor([[0.5]]));
    const parameters = traced.nodes.filter(({ kind }) => kind === "parameter").map(({ name }) => name);
    expect(parameters.sort()).toEqual(["0.bias", "0.weight", "2.bias", "2.weight"]);
    expect(traced.nodes.map(({ op }) => op)).toContain("relu");
    const loss = mseLoss(model.forward(tensor([[1, -2]])), tensor([[0.5]]));
    const [gradient] = loss.gradient(model.parameters()[0]!);
    expect([...traced.node("0.weight").gradient!]).toEqual([...(await gradient!.data())]);
    const module = await trace(new Sequential(new Linear(2, 1)), tensor([1, 1]));
    expect(module.nodes.map(({ name }) => name)).toContain("0.weight");
  });

  it("leaves out Jacobians above the limit, with the reason", async () => {
    const x = tensor([1, 2, 3], float64);
    const [small] = (await traceWith({ jacobianLimit: 3 }, (x) => x.sum(), x)).result.local;
    expect([...small!.jacobian!]).toEqual([1, 1, 1]);
    const [large] = (await traceWith({ jacobianLimit: 2 }, (x) => x.sum(), x)).result.local;
    expect(large).toMatchObject({ jacobian: null, omitted: "1 × 3 elements, more than the limit of 2" });
    expect([...large!.passed!]).toEqual([1, 1, 1]);
  });

  it("has no gradients through integers, and says why", async () => {
    const traced = await trace((v) => v.x.less(0).cast("float64").mul(v.x), { x: -2 });
    const cast = traced.nodes.find(({ op }) => op === "cast")!;
    expect(cast.local[0]).toMatchObject({ jacobian: null, passed: null });
    expect(cast.local[0]!.omitted).toContain("bool");
    expect(traced.nodes.find(({ op }) => op === "less")!.gradient).toBeNull();
    expect(traced.node("x").gradient![0]).toBe(1);
  });

  it("follows a computation that is deeper than the stack", { timeout: 60_000 }, async () => {
    const steps = 1500;
    const traced = await trace((x) => {
      let y: Tensor = x;
      for (let i = 0; i < steps; i++) y = y.add(1);
      return y;
    }, 0);
    expect(traced.nodes).toHaveLength(steps + 1);
    expect(traced.result.value[0]).toBe(steps);
  });

  it("takes what it is not given for constants, and zeros for a variable like any other", async () => {
    const outside = tensor(5, float64);
    const traced = await trace((v) => v.x.mul(outside), { x: tensor(0, float64) });
    expect(traced.nodes.map(({ kind }) => kind)).toEqual(["input", "constant", "operation"]);
    expect(traced.node("x").gradient![0]).toBe(5);
  });

  it("refuses results that have no gradient, promises, a trace within a trace, and unknown names", async () => {
    await expect(trace((x) => x, tensor([1, 2]))).rejects.toThrow(/\[2\].*single number/);
    await expect(trace((async (x: Tensor) => x) as never, 1)).rejects.toThrow(/not by promise/);
    const inner = (x: Tensor): Tensor => {
      void trace((y: Tensor) => y, 1).catch((error: unknown) => failures.push(error));
      return x.square();
    };
    const failures: unknown[] = [];
    await trace(inner, 2);
    await Promise.resolve();
    expect(String(failures[0])).toContain("one after another");
    await expect(
      trace((x) => {
        throw new Error(`of the function ${x.rank}`);
      }, 1),
    ).rejects.toThrow("of the function 0");
    // The methods are whole again after a throw.
    expect(await tensor(2).square().item()).toBe(4);
    const traced = await trace((x) => x.square(), 2);
    expect(() => traced.node("y")).toThrow(/"y".*x, v1/);
  });
});

describe("drawings of a trace", () => {
  const traced = trace((v) => label("y<1>", label("z", v.w.mul(v.x)).sigmoid()), { w: 2, x: -1 });

  it("toString has a row for each node", async () => {
    const lines = String(await traced).split("\n");
    expect(lines).toHaveLength(2 + 4);
    expect(lines[4]).toMatch(/^2 +z = w · x +\[\] +−2 +0\.105 +∂z\/∂w = −1, ∂z\/∂x = 2$/);
  });

  it("toDot has a box for each node and an arrow for each use, with quotes escaped", async () => {
    const dot = (await traced).toDot();
    expect(dot).toContain('"2" [label="z = w · x\\n−2\\n∂y<1>/∂z = 0.105"');
    expect(dot).toContain('"0" -> "2" [label="−1"];');
    const quoted = await trace((v) => label('a"b\\', v.x.neg()), { x: 1 });
    expect(quoted.toDot()).toContain('a\\"b\\\\ = −x');
  });

  it("toSvg draws all of it, escaped, in both directions", async () => {
    const right = (await traced).toSvg({ title: "A & B" });
    const down = (await traced).toSvg({ direction: "down" });
    const size = (svg: string): number[] => /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1).map(Number);
    for (const svg of [right, down]) {
      expect(svg.match(/<rect [^>]*rx="6"/g)).toHaveLength(4);
      expect(svg).toContain("y&lt;1&gt; = σ(z)");
      expect(svg).not.toMatch(/NaN|undefined/);
    }
    expect(right).toContain("A &amp; B");
    expect(size(right)[0]!).toBeGreaterThan(size(right)[1]!);
    expect(size(down)[1]!).toBeGreaterThan(size(right)[1]!);
  });
});
