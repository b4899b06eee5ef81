// A net is any directed acyclic graph of layers: here one with a skip connection and three heads learns three tasks.
import { compile, concat, Generator, random, stack, type Tensor } from "@chainrule/core";
import { lossCurves, traceModel } from "@chainrule/inspect";
import {
  accuracy,
  bceWithLogits,
  crossEntropy,
  Graph,
  Lambda,
  Linear,
  mseLoss,
  R2Score,
  ReLU,
} from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { atLeast, exactly, judged, type Result } from "./result.ts";

const heads = ["value", "inside", "quadrant"] as const;

const add = (a: Tensor, b: Tensor): Tensor => a.add(b);
const join = (a: Tensor, b: Tensor): Tensor => concat([a, b], -1);

/** Two hidden layers; what the second adds goes past it, and the input itself goes past both, to three heads. */
function build(generator: Generator) {
  const linear = (from: number, to: number) => new Linear(from, to, { generator });
  return new Graph(
    {
      lifted: [linear(2, 32), "input"],
      first: [new ReLU(), "lifted"],
      inner: [linear(32, 32), "first"],
      second: [new ReLU(), "inner"],
      sum: [new Lambda(add), "first", "second"],
      wide: [new Lambda(join), "sum", "input"],
      value: [linear(34, 1), "wide"],
      inside: [linear(34, 1), "wide"],
      quadrant: [linear(34, 4), "wide"],
    },
    { output: heads },
  );
}

/** Points with a number (regression), whether they lie in a circle (binary), and their quadrant (four classes). */
function sample(n: number, generator: Generator) {
  const x = random.uniform([n, 2], { low: -1, high: 1, generator }).detach();
  const [a, b] = x.unstack(1) as [Tensor, Tensor];
  const value = a.mul(3).sin().add(b.square()).expandDims(1).detach();
  const inside = a.square().add(b.square()).less(0.5).toFloat().expandDims(1).detach();
  const quadrant = a.greater(0).cast("int32").mul(2).add(b.greater(0).cast("int32")).detach();
  return { x, value, inside, quadrant };
}

export async function deepNetworks(): Promise<Result> {
  const generator = new Generator(17);
  const model = build(generator);
  const [train, test] = [sample(1000, generator), sample(1000, generator)];
  const parameters = model.parameters();
  const adam = new Adam({ lr: 0.01 });
  const step = compile(() => {
    const [value, inside, quadrant] = model.forward(train.x) as [Tensor, Tensor, Tensor];
    const losses = [
      mseLoss(value, train.value),
      bceWithLogits(inside, train.inside),
      crossEntropy(quadrant, train.quadrant),
    ];
    const loss = losses.reduce((sum, one) => sum.add(one));
    adam.update(parameters, loss.gradient(...parameters));
    return stack(losses);
  });
  const curves: Record<string, number[]> = Object.fromEntries(heads.map((name) => [name, []]));
  for (let i = 0; i < 600; i++) {
    const losses = await step().data();
    heads.forEach((name, k) => curves[name]!.push(losses[k]!));
  }

  const [value, inside, quadrant] = model.forward(test.x) as [Tensor, Tensor, Tensor];
  const r2 = new R2Score().update(await value.data(), await test.value.data()).compute();
  const drawn = traceModel(model, [1, 2]);
  return judged({
    checks: [
      atLeast("regression head: R² on new points", r2, 0.99),
      atLeast(
        "binary head: accuracy on new points",
        await inside.greater(0).equal(test.inside).mean().item(),
        0.97,
      ),
      atLeast(
        "multi-class head: accuracy on new points",
        await accuracy(quadrant, test.quadrant).item(),
        0.97,
      ),
      exactly("nodes drawn: 9 and the input", drawn.nodes.length, 10),
    ],
    figures: [
      drawn.toSvg({ title: "A graph with skip connections and three heads" }),
      lossCurves(curves, {
        title: "Three losses of one net",
        subtitle: "1,000 points, Adam, rate 0.01",
        x: { label: "step" },
        y: { label: "loss", log: true },
      }),
    ],
  });
}
