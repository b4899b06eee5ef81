// All of these go downhill: they differ in how much data a step sees, what it remembers, and which curvature it assumes.
import { compile, Generator, linspace } from "@chainrule/core";
import { DataLoader, tensorDataset } from "@chainrule/data";
import { barChart, lineChart } from "@chainrule/inspect";
import { Linear, mseLoss, Sequential, Tanh } from "@chainrule/nn";
import { Adagrad, Adam, LBFGS, type Optimizer, RMSprop, SGD } from "@chainrule/optim";
import { fit } from "@chainrule/train";
import { atLeast, atMost, judged, type Result } from "./result.ts";

/** What to learn: one period and a half of a sine, 128 points. */
const x = linspace(-1, 1, 128).expandDims(1);
const t = x.mul(1.5 * Math.PI).sin();
const wanted = 0.01;
const epochs = 500;

/** Examples a step, and the optimiser with its stated rate. */
const recipes: Readonly<Record<string, readonly [batchSize: number, make: () => Optimizer]>> = {
  "batch, rate 0.2": [128, () => new SGD({ lr: 0.2 })],
  "mini-batch (16), rate 0.1": [16, () => new SGD({ lr: 0.1 })],
  "stochastic (1), rate 0.02": [1, () => new SGD({ lr: 0.02 })],
  "momentum 0.9, rate 0.05": [16, () => new SGD({ lr: 0.05, momentum: 0.9 })],
  "Nesterov 0.9, rate 0.05": [16, () => new SGD({ lr: 0.05, momentum: 0.9, nesterov: true })],
  "Adagrad, rate 0.2": [16, () => new Adagrad({ lr: 0.2 })],
  "RMSprop, rate 0.01": [16, () => new RMSprop({ lr: 0.01 })],
  "Adam, rate 0.02": [16, () => new Adam({ lr: 0.02 })],
};

const net = (hidden: number, seed: number): Sequential => {
  const generator = new Generator(seed);
  return new Sequential(
    new Linear(1, hidden, { generator }),
    new Tanh(),
    new Linear(hidden, 1, { generator }),
  );
};

export async function gradientDescent(): Promise<Result> {
  const data = await tensorDataset({ x, y: t });
  const curves: Record<string, number[]> = {};
  for (const [name, [batchSize, make]] of Object.entries(recipes)) {
    const batches = new DataLoader(data, { batchSize, shuffle: true, seed: 13 });
    const options = { loss: mseLoss, optimizer: make(), epochs, validation: data };
    const history = await fit(net(16, 13), batches, options);
    // Measured on all points after each epoch.
    curves[name] = history.epochs.map(({ testLoss }) => testLoss!);
  }
  const lbfgs = await descend(net(16, 13), 100);
  curves["L-BFGS (by iteration)"] = lbfgs.losses;

  // Non-convex: two hidden units from twelve initialisations, each followed down to where the gradient is gone.
  const ends = await Promise.all(Array.from({ length: 12 }, (_, seed) => descend(net(2, seed), 200)));
  const minima = ends.filter(({ gradient }) => gradient <= 1e-4).map(({ losses }) => losses.at(-1)!);
  const distinct = minima
    .sort((a, b) => a - b)
    .filter((loss, i, all) => i === 0 || loss - all[i - 1]! > 1e-3);
  return judged({
    checks: [
      ...Object.entries(curves).map(([name, losses]) =>
        atMost(`${name}: lowest loss`, Math.min(...losses), wanted),
      ),
      atLeast("different minima that 12 initialisations of a 1-2-1 net end in", distinct.length, 2),
    ],
    notes: [{ name: "their losses", value: distinct.map((loss) => loss.toPrecision(3)).join(", ") }],
    figures: [
      lineChart(
        Object.entries(curves).map(([name, losses]) => ({
          name,
          x: losses.map((_, i) => i + 1),
          y: losses.map((_, i) => Math.min(...losses.slice(0, i + 1))),
          mark: name.startsWith("L-BFGS") ? ("dashed" as const) : ("line" as const),
        })),
        {
          title: "Gradient descent and its relatives",
          subtitle: `1-16-1 tanh net on 128 points of a sine, one initialisation; dashed: the stated loss of ${wanted}`,
          x: { label: "epoch", log: true },
          y: { label: "lowest mean squared error so far", log: true },
          references: [{ y: wanted }],
        },
      ),
      barChart(
        ends.map(({ losses }, seed) => ({ label: `seed ${seed}`, value: losses.at(-1)! })),
        { title: "Where a 1-2-1 net ends, by initialisation", value: { label: "mean squared error" } },
      ),
    ],
  });
}

/** L-BFGS on all data, an iteration at a time. */
async function descend(model: Sequential, iterations: number) {
  const parameters = model.parameters();
  const closure = compile(() => {
    const loss = mseLoss(model.forward(x), t);
    return { loss, gradients: loss.gradient(...parameters) };
  });
  const lbfgs = new LBFGS(parameters, { maxIter: 1, maxEval: 25, toleranceChange: 0 });
  const losses: number[] = [];
  let gradient = Infinity;
  for (let i = 0; i < iterations && gradient > 1e-4; i++) {
    const report = await lbfgs.step(closure);
    losses.push(report.loss);
    gradient = report.gradient;
  }
  return { losses, gradient };
}
