// Initial weights must differ, or units stay alike; and be of the right width, or signals fade or grow layer by layer.
import { compile, Generator, random, tensor } from "@chainrule/core";
import { inspectLayers, lineChart } from "@chainrule/inspect";
import { Identity, Linear, mseLoss, ReLU, Sequential, Tanh, type Module } from "@chainrule/nn";
import * as init from "@chainrule/nn/init";
import { SGD } from "@chainrule/optim";
import { atLeast, atMost, exactly, judged, type Result } from "./result.ts";

const [layers, units, batch, seeds] = [20, 128, 32, 12];

/** Each initialiser with the activation that it was made for, and the scale of the inputs. */
const schemes: Readonly<
  Record<string, readonly [init: init.Initializer, activation: () => Module, scale: number]>
> = {
  // tanh passes small signals as they are: inputs are small, and stay so.
  "Glorot uniform, tanh": [init.glorotUniform(), () => new Tanh(), 0.1],
  "Glorot normal, tanh": [init.glorotNormal(), () => new Tanh(), 0.1],
  "orthogonal, tanh": [init.orthogonal(), () => new Tanh(), 0.1],
  "He uniform, ReLU": [init.heUniform(), () => new ReLU(), 1],
  "He normal, fan-out, ReLU": [init.heNormal({ mode: "fanOut" }), () => new ReLU(), 1],
  "LeCun normal, linear": [init.lecunNormal(), () => new Identity(), 1],
};

/** Variances, layer by layer, of what the linear layers give and of the gradient there; means over the seeds. */
async function variances(initializer: init.Initializer, activation: () => Module, scale: number) {
  const sums = { activation: zeros(), gradient: zeros() };
  for (let seed = 0; seed < seeds; seed++) {
    const generator = new Generator(seed);
    const options = { init: initializer, biasInit: init.zeros(), generator };
    const stack = Array.from({ length: layers }, () => [new Linear(units, units, options), activation()]);
    const x = random.normal([batch, units], { std: scale, generator });
    const y = random.normal([batch, units], { generator });
    // A loss whose gradient at the output is noise of variance 1.
    const report = await inspectLayers(new Sequential(...stack.flat()), {
      x: x.detach(),
      y: y.detach(),
      loss: (output, noise) => output.mul(noise).sum(),
    });
    report.layers
      .filter(({ layer }) => layer === "Linear")
      .forEach((layer, i) => {
        sums.activation[i]! += layer.activation.variance / seeds;
        sums.gradient[i]! += layer.gradient.variance / seeds;
      });
  }
  return sums;
}

const zeros = (): number[] => Array.from({ length: layers }, () => 0);
/** By how much the largest variance is above the smallest. */
const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

/** After 100 steps from equal weights: the largest difference between hidden units, and how far they came. */
async function symmetry(initializer: init.Initializer) {
  const generator = new Generator(14);
  const options = { init: initializer, biasInit: init.zeros(), generator };
  const model = new Sequential(new Linear(4, 8, options), new Tanh(), new Linear(8, 1, options));
  const x = random.normal([32, 4], { generator }).detach();
  const t = x.sum(1, { keepDims: true }).sin();
  const parameters = model.parameters();
  const sgd = new SGD({ lr: 0.1 });
  const start = await parameters[0]!.data();
  const step = compile(() => sgd.update(parameters, mseLoss(model.forward(x), t).gradient(...parameters)));
  for (let i = 0; i < 100; i++) step();
  const [weight] = parameters;
  const first = weight!.slice([0, 1]);
  return {
    apart: await weight!.sub(first).abs().max().item(),
    moved: await weight!
      .sub(tensor(start, { shape: [8, 4] }))
      .abs()
      .max()
      .item(),
  };
}

export async function initialisation(): Promise<Result> {
  const measured = await Promise.all(
    Object.entries(schemes).map(async ([name, scheme]) => ({ name, ...(await variances(...scheme)) })),
  );
  const narrow = await variances(init.normal(0, 0.1), () => new ReLU(), 1);
  const wide = await variances(init.normal(0, 0.16), () => new ReLU(), 1);
  const [zero, constant, random] = [
    await symmetry(init.zeros()),
    await symmetry(init.constant(0.3)),
    await symmetry(init.glorotNormal()),
  ];
  const index = Array.from({ length: layers }, (_, i) => i + 1);
  const chart = (kind: "activation" | "gradient", title: string): string =>
    lineChart(
      [
        ...measured.map((one) => ({ name: one.name, x: index, y: relative(one[kind]) })),
        { name: "N(0, 0.1²), ReLU", x: index, y: relative(narrow[kind]), mark: "dashed" },
        { name: "N(0, 0.16²), ReLU", x: index, y: relative(wide[kind]), mark: "dashed" },
      ],
      {
        title,
        subtitle: `${layers} layers of ${units} units; mean of ${seeds} seeds`,
        x: { label: "layer" },
        y: { label: "variance / that of layer 1", log: true, domain: [1e-5, 1e5] },
      },
    );
  return judged({
    checks: [
      ...measured.flatMap(({ name, activation, gradient }) => [
        atMost(`${name}: largest over smallest variance of activations`, spread(activation), 2),
        atMost(`${name}: the same of gradients`, spread(gradient), 2),
      ]),
      exactly("from zeros: difference between hidden units after 100 steps", zero.apart, 0),
      exactly("from a constant: the same", constant.apart, 0),
      atLeast("from a constant: how far the weights moved all the same", constant.moved, 0.1),
      atLeast("from Glorot: difference between hidden units", random.apart, 0.1),
    ],
    figures: [
      chart("activation", "Activations, from the first layer to the last"),
      chart("gradient", "Gradients, layer by layer"),
    ],
  });
}

const relative = (values: readonly number[]): number[] => values.map((value) => value / values[0]!);
