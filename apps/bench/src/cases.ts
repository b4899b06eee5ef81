import type { ConvolutionCase, ElementwiseOp, Form, TrainingCase, WorkCase } from "./case.ts";
import type { ConvolutionalNetwork, DenseNetwork, Network } from "./network.ts";
import type { BenchName, ImplementationName } from "./names.ts";

/** A row's work under the name that the report gives it. */
export interface NamedCase {
  readonly name: string;
  readonly work: WorkCase;
  /** Who takes part; everyone unless given. */
  readonly participants?: (name: ImplementationName) => boolean;
}

type Optimizer = TrainingCase["optimizer"];

const optimizerNames: Readonly<Record<Optimizer, string>> = { sgd: "SGD", adam: "Adam" };

/** Rates that training uses; results are checked with them. */
const usualRates: Readonly<Record<Optimizer, number>> = { sgd: 0.1, adam: 1e-3 };

/**
 * While steps are timed they take the same batch over and over. At the usual rate that would end in gradients that are
 * zero or denormal, which is not the work of training.
 */
const timedRate = 1e-8;

/** The case as it is timed. */
export const asTimed = (work: WorkCase): WorkCase =>
  work.kind === "training" ? { ...work, learningRate: timedRate } : work;

function products(sizes: readonly number[], forms: readonly Form[]): NamedCase[] {
  return sizes.flatMap((n) =>
    forms.map((form): NamedCase => ({ name: `${n} ${form}`, work: { kind: "product", n, form } })),
  );
}

function elementwise(
  ops: readonly ElementwiseOp[],
  shapes: readonly (readonly [string, number, number])[],
): NamedCase[] {
  return ops.flatMap((op) =>
    shapes.map(([size, rows, columns]): NamedCase => ({
      name: `${op === "chain" ? "chain of six" : op} ${size}`,
      work: { kind: "elementwise", op, rows, columns },
    })),
  );
}

/** Layers of usual networks, each with its output and both gradients. */
function convolutions(
  layers: readonly (readonly [
    inChannels: number,
    outChannels: number,
    kernel: number,
    size: number,
    stride: number,
  ])[],
  passes: readonly ConvolutionCase["pass"][],
): NamedCase[] {
  return layers.flatMap(([inChannels, outChannels, kernel, size, stride]) => {
    const shape = { batch: 32, inChannels, outChannels, size, kernel, stride, padding: (kernel - 1) / 2 };
    const step = stride === 1 ? "" : ` stride ${stride}`;
    const layer = `${inChannels}→${outChannels} ${kernel}×${kernel}${step} on ${size}²`;
    return passes.map((pass): NamedCase => ({
      name: `${layer} ${pass === "forward" ? pass : `${pass} gradient`}`,
      work: { kind: "convolution", shape, pass },
    }));
  });
}

/** A training step as it is checked, with the usual rate. */
export function trainingCase(network: Network, optimizer: Optimizer, batch: number): TrainingCase {
  return {
    kind: "training",
    network,
    optimizer,
    learningRate: usualRates[optimizer],
    batch,
    captured: true,
  };
}

/** Dense layers: classifiers have ReLU, the tiny one tanh. */
export const denseNetwork = (...layers: number[]): DenseNetwork => ({
  kind: "dense",
  layers,
  activation: layers.at(-1) === 1 ? "tanh" : "relu",
});

const namedDense = (layers: readonly number[], optimizer: Optimizer, batch: number): NamedCase => ({
  name: `${layers.join("-")} ${optimizerNames[optimizer]} B=${batch}`,
  work: trainingCase(denseNetwork(...layers), optimizer, batch),
});

/** The small network of convolutions that the digits are usually read with. */
export const digitReader: ConvolutionalNetwork = {
  kind: "convolutional",
  size: 28,
  channels: [1, 8, 16],
  kernel: 5,
  layers: [784, 128, 10],
};

const sequenceReader: Network = { kind: "recurrent", steps: 28, inputs: 28, hidden: 128, classes: 10 };

const encoder: Network = {
  kind: "encoder",
  steps: 32,
  features: 64,
  heads: 4,
  feedForward: 128,
  classes: 10,
};

/** Leaves out who would take seconds for each step. */
const brisk = (one: NamedCase): NamedCase => ({ ...one, participants: (name) => name !== "tfjs-cpu" });

const cnn = (batch: number): NamedCase => ({
  name: `conv 8-16, dense 784-128-10 Adam B=${batch}`,
  work: trainingCase(digitReader, "adam", batch),
});

const lstm: NamedCase = {
  name: "28 steps of 28, hidden 128 Adam B=64",
  work: trainingCase(sequenceReader, "adam", 64),
};

const attention: NamedCase = {
  name: "32 steps of 64, 4 heads Adam B=32",
  work: trainingCase(encoder, "adam", 32),
};

/** What captures or compiles no step by itself runs as it always does; jax-js is meant for `jit` alone. */
function uncaptured(): NamedCase {
  const { name, work } = namedDense([784, 128, 10], "adam", 32);
  return {
    name: `${name} uncaptured`,
    work: { ...(work as TrainingCase), captured: false },
    participants: (implementation) => implementation !== "jax-js-wasm",
  };
}

const networks = [
  [784, 30, 10],
  [784, 128, 10],
  [784, 512, 512, 10],
];
const optimizers = ["sgd", "adam"] as const;
const large = ["1M", 1024, 1024] as const;
const small = ["1k", 32, 32] as const;

const tiny = optimizers.map((optimizer) => namedDense([2, 8, 1], optimizer, 4));

const full: Partial<Record<BenchName, readonly NamedCase[]>> = {
  matmul: products([64, 128, 256, 512, 1024], ["NN", "NT", "TN"]),
  elementwise: elementwise(["chain", "exp", "softmax", "sum"], [small, large]),
  "mlp-step": [
    ...networks.flatMap((layers) =>
      optimizers.flatMap((optimizer) =>
        [1, 32, 128, 512].map((batch) => namedDense(layers, optimizer, batch)),
      ),
    ),
    // The batch that most programs begin with.
    namedDense([784, 128, 10], "adam", 64),
    uncaptured(),
  ],
  "tiny-step": tiny,
  conv: convolutions(
    [
      [1, 8, 5, 28, 1],
      [8, 16, 5, 14, 1],
      [3, 32, 3, 32, 2],
      [32, 64, 3, 16, 1],
    ],
    ["forward", "input", "weight"],
  ),
  "cnn-step": [cnn(32), cnn(128)],
  "lstm-step": [lstm],
  "attention-step": [attention],
};

const brief: typeof full = {
  matmul: [...products([256], ["NN", "TN"]), ...products([512], ["NN"])],
  elementwise: elementwise(["chain", "softmax"], [large]),
  "mlp-step": [...[1, 32, 64, 128].map((batch) => namedDense([784, 128, 10], "adam", batch)), uncaptured()],
  "tiny-step": tiny.slice(0, 1),
  conv: convolutions([[8, 16, 5, 14, 1]], ["forward", "input", "weight"]).map(brisk),
  "cnn-step": [brisk(cnn(32))],
  "lstm-step": [brisk(lstm)],
  "attention-step": [brisk(attention)],
};

/** The cases of a bench that times repeated work; undefined for the others. */
export const casesOf = (bench: BenchName, isQuick: boolean): readonly NamedCase[] | undefined =>
  (isQuick ? brief : full)[bench];
