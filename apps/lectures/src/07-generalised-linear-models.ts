// The kind of target names its distribution, the distribution its link and loss: counts are Poisson, their rate e^z.
import { concat, eye, Generator, oneHot, ones, random, solve, tensor, type Tensor } from "@chainrule/core";
import { poissonRegression } from "@chainrule/data";
import { lineChart } from "@chainrule/inspect";
import * as nn from "@chainrule/nn";
import { LBFGS } from "@chainrule/optim";
import { atMost, judged, type Result } from "./result.ts";

export async function generalisedLinearModels(seed = 7): Promise<Result> {
  // 1,000 examples of three features; counts drawn from Poisson distributions with rate e^(x·β).
  const { dataset, coefficients, intercept } = poissonRegression({ count: 1000, seed });
  const { x: features, y } = dataset.columns;
  const constant = ones([1000, 1], { dtype: "float64" });
  const x = concat([constant, tensor(features.data, { shape: [1000, 3], dtype: "float64" })], 1);
  const counts = tensor(y.data, { dtype: "float64" });
  const truth = [intercept, ...coefficients];

  // Fitted as any network is: a linear layer, the negative log-likelihood, an optimiser.
  const model = new nn.Linear(4, 1, { bias: false, dtype: "float64" });
  const loss = () => nn.poissonNllLoss(model.forward(x).squeeze(1), counts);
  const report = await new LBFGS(model.parameters(), { maxIter: 100 }).step(loss);

  // Standard errors: the roots of the diagonal of the inverse Fisher information Xᵀ diag(μ) X.
  const rates = model.forward(x).exp();
  const fisher = x.T.matmul(x.mul(rates));
  const covariance = await solve(fisher, eye(4, 4, { dtype: "float64" }), { positiveDefinite: true });
  const variances = await covariance.data();
  const errors = truth.map((_, i) => Math.sqrt(variances[5 * i]!));
  const found = Array.from(await model.weight.data());
  const away = found.map((value, i) => Math.abs(value - truth[i]!) / errors[i]!);

  const positions = truth.map((_, i) => i);
  return judged({
    checks: [
      ...away.map((value, i) => atMost(`β${i}: standard errors from the truth`, value, 2)),
      atMost("four losses: largest difference of ∂L/∂z from mean − target", await linkError(), 1e-6),
    ],
    notes: [{ name: "steps of L-BFGS", value: report.iterations }],
    figures: [
      lineChart(
        [
          {
            name: "estimate ± 2 standard errors",
            x: positions,
            y: found,
            error: errors.map((e) => 2 * e),
            mark: "points",
          },
          { name: "truth", x: positions.map((i) => i + 0.1), y: truth, mark: "points" },
        ],
        {
          title: "Coefficients recovered from simulated counts",
          subtitle: "1,000 counts, seed 7",
          x: { label: "coefficient", ticks: positions },
          y: { label: "value" },
        },
      ),
    ],
  });
}

/** With its canonical link, every one of these has ∂L/∂z = E[t | z] − t. */
async function linkError(): Promise<number> {
  const draw = { generator: new Generator(7), dtype: "float64" } as const;
  const z = random.normal([50, 3], draw).detach();
  const whole = random
    .uniform([50, 3], { high: 5, ...draw })
    .floor()
    .detach();
  const binary = random.bernoulli([50, 3], draw).detach();
  const classes = tensor(Int32Array.from({ length: 50 }, (_, i) => i % 3));
  const sum = { reduction: "sum" } as const;
  const pairs: [loss: Tensor, mean: Tensor, target: Tensor][] = [
    [nn.gaussianNllLoss(z, whole, z.mul(0).add(1).stopGradient(), sum), z, whole],
    [nn.bernoulliNllLoss(z, binary, sum), z.sigmoid(), binary],
    [nn.categoricalNllLoss(z, classes, sum), z.softmax(1), oneHot(classes, 3)],
    [nn.poissonNllLoss(z, whole, sum), z.exp(), whole],
  ];
  const errors = pairs.map(([loss, mean, t]) => loss.gradient(z)[0]!.sub(mean.sub(t)).abs().max().item());
  return Math.max(...(await Promise.all(errors)));
}
