// A deep net can fail in silence: statistics of each layer, taken as it trains, name the layer that does and the cure.
import { Generator, random } from "@chainrule/core";
import { DataLoader, tensorDataset } from "@chainrule/data";
import { type FindingKind, layerChart, layerMonitor, lineChart } from "@chainrule/inspect";
import { Linear, mseLoss, ReLU, Sequential, Sigmoid, Tanh, type Module } from "@chainrule/nn";
import { constant, heNormal, normal, type Initializer } from "@chainrule/nn/init";
import { SGD } from "@chainrule/optim";
import { fit } from "@chainrule/train";
import { exactly, judged, type Result } from "./result.ts";

const depth = 16;

/** Sixteen hidden layers of 32 units; `special` replaces options of some. */
function net(
  activation: () => Module,
  init: Initializer,
  special: Readonly<Record<number, { biasInit: Initializer }>> = {},
): Sequential {
  const generator = new Generator(15);
  const layers = Array.from({ length: depth }, (_, i) => [
    new Linear(i === 0 ? 4 : 32, 32, { init, biasInit: constant(0), generator, ...special[i] }),
    activation(),
  ]);
  return new Sequential(...layers.flat(), new Linear(32, 1, { generator }));
}

/** Trains for 5 epochs; gives what the monitor saw, and whether its one finding of a kind is at `where`. */
async function watch(model: Sequential, kind: FindingKind, where: string) {
  const generator = new Generator(15);
  const x = random.normal([256, 4], { generator }).detach();
  const y = x.prod(1, { keepDims: true }).detach();
  const said: string[] = [];
  const monitor = layerMonitor({ x, y, loss: mseLoss, warn: (message) => said.push(message) });
  const batches = new DataLoader(await tensorDataset({ x, y }), { batchSize: 32, shuffle: true, seed: 15 });
  const optimizer = new SGD({ lr: 1e-3 });
  await fit(model, batches, { loss: mseLoss, optimizer, epochs: 5, callbacks: [monitor] });
  const { report } = monitor.reports[0]!;
  const [first, ...others] = report.findings.filter((finding) => finding.kind === kind);
  const named = Number(first?.where === where && others.length === 0);
  return { named, report, said: first?.message ?? "nothing", warnings: said.length };
}

export async function vanishingGradients(): Promise<Result> {
  // Broken on purpose: biases of −20 in the fourth hidden layer keep its ReLUs, modules 7, at 0 for every input.
  const dead = await watch(
    net(() => new ReLU(), heNormal(), { 3: { biasInit: constant(-20) } }),
    "dead",
    "7",
  );
  const vanishing = await watch(
    net(() => new Sigmoid(), normal(0, 0.3)),
    "vanishing",
    "0.weight",
  );
  const exploding = await watch(
    net(() => new Tanh(), normal(0, 1)),
    "exploding",
    "0.weight",
  );
  const healthy = await watch(
    net(() => new ReLU(), heNormal()),
    "dead",
    "",
  );

  const index = Array.from({ length: depth }, (_, i) => i + 1);
  const norms = ({ report }: typeof dead): number[] =>
    report.layers.filter(({ layer }) => layer === "Linear").slice(0, depth).map(({ gradient }) => gradient.norm); // prettier-ignore
  const variance = ({ report }: typeof dead): number[] =>
    report.layers.filter(({ layer }) => layer === "Linear").slice(0, depth).map(({ activation }) => activation.variance); // prettier-ignore
  const lines = (of: typeof norms) => [
    { name: "He, ReLU", x: index, y: of(healthy), mark: "both" as const },
    { name: "N(0, 0.3²), sigmoid", x: index, y: of(vanishing), mark: "both" as const },
    { name: "N(0, 1), tanh", x: index, y: of(exploding), mark: "both" as const },
  ];
  return judged({
    checks: [
      exactly("the dead layer named is the one broken (1 yes)", dead.named, 1),
      exactly("vanishing gradients are named at the first layer (1 yes)", vanishing.named, 1),
      exactly("exploding gradients are named at the first layer (1 yes)", exploding.named, 1),
      exactly("warnings about the same net with He's weights and biases of 0", healthy.warnings, 0),
    ],
    notes: [
      { name: "dead", value: dead.said },
      { name: "vanishing", value: vanishing.said },
      { name: "exploding", value: exploding.said },
    ],
    figures: [
      layerChart(dead.report, "dead share", {
        title: "Share of dead units",
        subtitle: "layer 7 broken on purpose; those after it are given zeros, and are not judged",
      }),
      lineChart(lines(norms), {
        title: "Gradients vanish or explode on their way back",
        x: { label: "layer", ticks: index },
        y: { label: "‖∂L / ∂ output‖", log: true },
      }),
      lineChart(lines(variance), {
        title: "Activations, on their way forward",
        x: { label: "layer", ticks: index },
        y: { label: "variance of the output", log: true },
      }),
    ],
  });
}
