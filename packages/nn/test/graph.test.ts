import { concat, OptionError, ShapeError, tensor, zeros, type Tensor } from "@chainrule/core";
import {
  Bilinear,
  Graph,
  Identity,
  Lambda,
  Linear,
  Module,
  mseLoss,
  ReLU,
  Residual,
  Sequential,
  summary,
} from "@chainrule/nn";
import { constant } from "@chainrule/nn/init";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const linear = (inFeatures: number, outFeatures: number, value: number = 1): Linear =>
  new Linear(inFeatures, outFeatures, { init: constant(value), biasInit: constant(0) });

describe("Residual", () => {
  test("adds the way around, as it is or through a shortcut", async () => {
    const x = tensor([[1, 2]]);
    expect(await new Residual(linear(2, 2)).forward(x).toArray()).toEqual([[4, 5]]);
    const widened = new Residual(linear(2, 3), linear(2, 3, 2));
    expect(await widened.forward(x).toArray()).toEqual([[9, 9, 9]]);
    expect(widened.namedParameters().map(([name]) => name)).toEqual([
      "module.weight",
      "module.bias",
      "shortcut.weight",
      "shortcut.bias",
    ]);
    const f = new Linear(2, 2, { dtype: "float64" });
    await gradCheck((t) => new Residual(f).forward(t).tanh(), [x.cast("float64")], { order: 2 });
  });

  test("does not broadcast: shapes that differ are an error that says what mends it", () => {
    expect(() => new Residual(linear(2, 1)).forward(zeros([4, 2]))).toThrow(ShapeError);
    expect(messageOf(() => new Residual(linear(2, 1)).forward(zeros([4, 2])))).toContain(
      "the module gives [4, 1] and the shortcut [4, 2]; they must have one shape",
    );
  });
});

describe("Lambda", () => {
  test("is a module from a plain function", async () => {
    function square(x: Tensor): Tensor {
      return x.square();
    }
    const model = new Sequential(linear(2, 1), new Lambda(square));
    expect(await model.forward(tensor([[1, 2]])).toArray()).toEqual([[9]]);
    expect(String(model.at(1))).toBe("Lambda(square)");
    expect(summary(model, [1, 2]).layers[1]).toMatchObject({ layer: "Lambda", outputShape: [1, 1] });
    const product = new Lambda((a: Tensor, b: Tensor) => a.mul(b));
    expect(await product.forward(tensor([2]), tensor([3])).toArray()).toEqual([6]);
  });
});

describe("Bilinear", () => {
  test("is x₁ᵀ·W·x₂ + b, by hand", async () => {
    const layer = new Bilinear(2, 2, 1);
    layer.weight.assign(tensor([[[1, 2], [3, 4]]])); // prettier-ignore
    layer.bias!.assign(tensor([0.5]));
    const [a, b] = [tensor([[1, 2], [0, 1]]), tensor([[5, 6], [1, -1]])]; // prettier-ignore
    // (1, 2)·W = (7, 10) and (0, 1)·W = (3, 4).
    expect(await layer.forward(a, b).toArray()).toEqual([[95.5], [-0.5]]);
    const fine = new Bilinear(2, 2, 3, { dtype: "float64" });
    await gradCheck((x1, x2) => fine.forward(x1, x2), [a.cast("float64"), b.cast("float64")], { order: 2 });
  });

  test("counts each weight once an example, starts in ±1/√in1, and names shapes that do not fit", async () => {
    const layer = new Bilinear(16, 3, 4, { bias: false });
    expect(summary(layer, [5, 16], [5, 3])).toMatchObject({ parameters: 192, forward: 5 * 192 });
    const values = Array.from(await layer.weight.data());
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(values.reduce((sum, value) => sum + value ** 2, 0) / 192).toBeCloseTo(1 / 48, 2);
    expect(String(layer)).toBe("Bilinear(16, 3, 4, bias=false)");
    expect(() => layer.forward(zeros([5, 16]), zeros([4, 3]))).toThrow(ShapeError);
    expect(() => layer.forward(zeros([5, 16]), zeros([5, 2]))).toThrow("are [5, 16] and [5, 2]");
    expect(() => layer.forward(zeros([16]), tensor(1))).toThrow(ShapeError);
    expect(() => new Bilinear(1, 0, 1)).toThrow(OptionError);
  });
});

test("parameters are shared across modules by being the same, and get the sum of the gradients", async () => {
  class Autoencoder extends Module {
    readonly encoder: Linear = new Linear(3, 2, { bias: false });
    override forward(x: Tensor): Tensor {
      return this.encoder.forward(x).tanh().matmul(this.encoder.weight);
    }
  }
  const model = new Autoencoder();
  expect(model.namedParameters().map(([name]) => name)).toEqual(["encoder.weight"]);
  const x = tensor([[1, 2, 3]]);
  const { weight } = model.encoder;
  const tied = mseLoss(model.forward(x), x).gradient(weight)[0]!;
  // The same sum with the second use held apart from the first.
  const separate = weight.stopGradient();
  const [outer] = mseLoss(model.encoder.forward(x).tanh().matmul(separate), x).gradient(separate);
  const [inner] = mseLoss(model.encoder.forward(x).tanh().matmul(separate), x).gradient(weight);
  await expectClose(tied, await outer!.add(inner!).data());

  const first = new Linear(3, 3);
  const siamese = new Sequential(first, new ReLU(), new Linear(3, 3, { weight: first.weight }));
  expect(siamese.parameters()).toHaveLength(3);
  expect(summary(siamese, [1, 3])).toMatchObject({ parameters: 9 + 3 + 3, forward: 18 });
});

describe("Graph", () => {
  const diamond = (): Graph =>
    new Graph({
      sum: [(a, b) => a.add(b), "left", "right"],
      left: [linear(2, 3), "stem"],
      right: [linear(2, 3, 2), "stem"],
      stem: [linear(2, 2), "input"],
    });

  test("runs nodes after all that they take, whatever the order of listing", async () => {
    const graph = diamond();
    expect(graph.structure.map(({ name }) => name)).toEqual(["input", "stem", "left", "right", "sum"]);
    expect(await graph.forward(tensor([[1, 2]])).toArray()).toEqual([[18, 18, 18]]);
    expect(graph.outputs).toBe("sum");
    const x = tensor(Float64Array.of(0.5, -1)).reshape(1, 2);
    const [a, b] = [new Linear(2, 2, { dtype: "float64" }), new Linear(2, 2, { dtype: "float64" })];
    const fine = new Graph({
      a: [a, "input"],
      b: [b, "a"],
      y: [(p, q, r) => p.mul(q).add(r), "a", "b", "input"],
    });
    await gradCheck((t) => fine.forward(t), [x], { order: 2 });
  });

  test("its parameters carry the nodes' names, and a module at two nodes is one", () => {
    const names = ["left.weight", "left.bias", "right.weight", "right.bias", "stem.weight", "stem.bias"];
    expect(Object.keys(diamond().stateDict())).toEqual(names);
    const twin = linear(2, 2);
    const graph = new Graph({ once: [twin, "input"], twice: [twin, "once"] });
    expect(graph.namedParameters().map(([name]) => name)).toEqual(["once.weight", "once.bias"]);
    expect(
      graph
        .eval()
        .namedModules()
        .every(([, module]) => !module.training),
    ).toBe(true);
    expect(summary(diamond(), [1, 2])).toMatchObject({ parameters: 6 + 9 + 9, forward: 4 + 6 + 6 });
  });

  test("takes several inputs and gives several outputs", async () => {
    const graph = new Graph(
      {
        both: [(a, b) => concat([a, b], -1), "image", "text"],
        score: [linear(3, 1), "both"],
        length: [new Lambda((x) => x.square().sum(-1)), "text"],
      },
      { inputs: ["image", "text"], output: ["score", "length"] as const },
    );
    const [score, length] = graph.forward(tensor([[1, 2]]), tensor([[4]]));
    expect(await score!.toArray()).toEqual([[7]]);
    expect(await length!.toArray()).toEqual([16]);
    expect(messageOf(() => graph.forward(zeros([1, 2])))).toContain(
      "takes 2 inputs (image, text), and 1 were given",
    );
  });

  test("stands among other modules", async () => {
    const model = new Sequential(linear(2, 2), diamond(), linear(3, 1));
    expect(await model.forward(tensor([[1, 0]])).toArray()).toEqual([[36]]);
    expect(Object.keys(model.stateDict())[2]).toBe("1.left.weight");
  });

  test("draws itself", () => {
    const graph = new Graph(
      {
        a: [linear(2, 2), "x"],
        'say "hi"': [new Sequential(new ReLU(), new Identity()), "a"],
        y: [(p, q) => p.add(q), 'say "hi"', "x"],
      },
      { inputs: ["x"] },
    );
    expect(graph.toDot()).toBe(
      [
        "digraph {",
        "  rankdir=LR;",
        '  "x" [label="x", shape=ellipse];',
        '  "a" [label="a\\nLinear(2, 2, bias=true)", shape=box];',
        '  "say \\"hi\\"" [label="say \\"hi\\"\\nSequential", shape=box];',
        '  "y" [label="y\\nfunction", shape=box, peripheries=2];',
        '  "x" -> "a";',
        '  "a" -> "say \\"hi\\"";',
        '  "say \\"hi\\"" -> "y";',
        '  "x" -> "y";',
        "}",
      ].join("\n"),
    );
  });

  test.each([
    ["a cycle", { a: ["c"], b: ["a"], c: ["b"] }, {}, "in a circle: a → b → c → a"],
    ["a node that takes itself", { a: ["a"] }, {}, "in a circle: a → a"],
    ["an unknown input", { a: ["inptu"] }, {}, '"a" takes "inptu", and there are only input, a'],
    ["a node named as an input", { input: ["input"] }, {}, 'two inputs or nodes are named "input"'],
    ["a name with a dot", { "a.b": ["input"] }, {}, "has no dot"],
    ["no node", {}, {}, "at least one node"],
    ["two ends and no output named", { a: ["input"], b: ["input"] }, {}, 'as no node takes "a" or "b"'],
    ["an output that is no node", { a: ["input"] }, { output: "b" }, 'the output "b" is not a node'],
  ])("refuses %s", (_, takes, options, message) => {
    const nodes = Object.fromEntries(
      Object.entries(takes).map(([name, from]) => [name, [new Identity(), ...from] as const]),
    );
    expect(() => new Graph(nodes, options)).toThrow(OptionError);
    expect(messageOf(() => new Graph(nodes, options))).toContain(message);
  });
});
